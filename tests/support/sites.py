"""A folder as a web server gives it, with faults, and a playlist that is as far as its reader."""

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Site:
    """A folder as a web server gives it, through ``faults``: path, body -> status, headers, body, or None to give it as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, []
        self.fault: Any = lambda path, body: None
        self.ranges = True
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                site.asked.append(path)
                file = site.folder / path.lstrip("/")
                body = file.read_bytes() if file.is_file() else b""
                status, headers, body = site.fault(path, body) or (200 if body else 404, {}, body)
                if (
                    site.ranges
                    and status == 200
                    and (wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")))
                ):
                    last = int(wanted[2]) + 1 if wanted[2] else len(body)
                    status, body = 206, body[int(wanted[1]) : last]
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in ({"Content-Length": str(len(body))} | headers).items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Programme:
    """``/live.m3u8`` of a site: the newest three entries, one more once the newest was fetched, and the end after the last.

    No sender's pace and no machine's load is in it: a reader that waits finds the same entries later. An entry is the rows of one
    segment, its address last.
    """

    def __init__(self, site: Site, entries: list[str], head: str = "#EXT-X-TARGETDURATION:1") -> None:
        self._site, self._entries, self._head = site, entries, head
        self._shown = 1

    def __call__(self, path: str, body: bytes) -> Any:
        if path != "/live.m3u8":
            return None
        newest = self._entries[self._shown - 1].splitlines()[-1]
        if f"/{newest}" in self._site.asked and self._shown < len(self._entries):
            self._shown += 1
        first = max(0, self._shown - 3)
        rows = [f"#EXTM3U\n{self._head}\n#EXT-X-MEDIA-SEQUENCE:{first}", *self._entries[first : self._shown]]
        if self._shown == len(self._entries):
            rows.append("#EXT-X-ENDLIST")
        return 200, {}, "\n".join(rows).encode() + b"\n"
