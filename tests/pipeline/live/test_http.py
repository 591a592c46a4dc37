"""HLS, DASH and plain http from a real server that fails as servers do; and another one that must never be asked."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from live_runs import Run, Told, captions
from senders import free_port, picture, sending


class Site:
    """A folder as a web server gives it, through ``faults``: path, body -> status, headers, body, or None to give it as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, []
        self.fault: Any = lambda path, body: None
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                site.asked.append(path)
                file = site.folder / path.lstrip("/")
                body = file.read_bytes() if file.is_file() else b""
                status, headers, body = site.fault(path, body) or (200 if body else 404, {}, body)
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


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which HLS of 1 s and DASH of 1 s are written as they go on."""
    folder = tmp_path_factory.mktemp("channel")
    hls = ("-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "program_date_time+delete_segments+omit_endlist")
    dash = ("-f", "dash", "-seg_duration", "1", "-window_size", "8", "-streaming", "0", "-use_template", "1")
    with sending(*picture(), *hls, folder / "live.m3u8"), sending(*picture(), *dash, folder / "live.mpd"):
        for name in ("live.m3u8", "live.mpd"):
            while not (folder / name).exists():
                time.sleep(0.05)
        yield folder


@pytest.fixture
def site(channel: Path) -> Iterator[Site]:
    site = Site(channel)
    yield site
    site.close()


async def test_hls_and_the_clock_of_its_playlist(site: Site) -> None:
    run = Run(f"{site.url}/live.m3u8?token=secret")
    await run.until(lambda told: len(told.of("caption", clock="pdt")) >= 2)
    run.whole()
    assert "secret" not in str(run.told.events)
    (*_, last) = run.told.of("caption", clock="pdt")
    # taken when the playlist says so: a segment and its window ago, not in another hour
    assert 0 < last["latency"]["glass_to_text"] < 10


async def test_a_server_that_fails_now_and_then_is_asked_again(site: Site) -> None:
    """503 for the playlist, 404 for a segment and half of another: the stream goes on, and no connection is lost."""
    done: set[str] = set()

    def fault(path: str, body: bytes) -> Any:
        if path.endswith("m3u8") and site.asked.count(path) in (3, 4):
            done.add("503")
            return 503, {}, b""
        if path.endswith(".ts") and site.asked.count(path) == 1 and len(site.asked) > 4:
            done.add("half")
            return 200, {"Content-Length": str(len(body))}, body[: len(body) // 2]
        return None

    site.fault = fault
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: len(told.of("caption")) >= 3 and len(done) == 2)
    run.whole()
    assert run.stream.reconnects == 0
    assert done == {"503", "half"}


async def test_a_discontinuity_is_an_epoch_and_loses_nothing(site: Site) -> None:
    """An encoder that began anew in the middle of the playlist."""
    marked: list[str] = []

    def fault(path: str, body: bytes) -> Any:
        if not path.endswith("m3u8"):
            return None
        text = body.decode()
        if len(site.asked) > 3 and not marked:
            marked.append(re.findall(r"live\d+\.ts", text)[-1])
        rows = text.splitlines()
        for name in marked:
            if name in rows:
                at = max(n for n in range(rows.index(name)) if rows[n].startswith("#EXTINF"))
                rows.insert(at, "#EXT-X-DISCONTINUITY")
        return 200, {}, ("\n".join(rows) + "\n").encode()

    site.fault = fault
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: any(event["epoch"] > 1 for event in told.of("caption")))
    run.whole()
    assert run.told.of("discontinuity", reason="source")
    assert not run.told.of("source", state="offline")
    assert sum(site.asked.count(f"/{name}") for name in marked) == 1


async def test_a_playlist_that_has_ended_is_the_end(site: Site) -> None:
    site.fault = lambda path, body: (200, {}, body + b"#EXT-X-ENDLIST\n") if path.endswith("m3u8") else None
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: False, within=60)
    run.whole()
    assert run.how == {"cam": "ended"}
    assert sum(event["end"] - event["start"] for event in run.told.of("caption")) > 3.0  # from its first segment on


async def test_no_other_host_is_asked(site: Site, channel: Path) -> None:
    """By a segment, a redirect of one, or a variant: what a playlist names elsewhere is never fetched."""
    other = Site(channel)
    master = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n{other.url}/live.m3u8\n".encode()
    for kind in ("segment", "redirect", "variant"):

        def fault(path: str, body: bytes, kind: str = kind) -> Any:
            if kind == "variant":
                return 200, {}, master
            if kind == "segment" and path.endswith("m3u8"):
                return 200, {}, re.sub(rb"(?m)^live", other.url.encode() + b"/live", body)
            if kind == "redirect" and path.endswith(".ts"):
                return 302, {"Location": f"{other.url}{path}"}, b""
            return None

        site.fault = fault
        run = Run(f"{site.url}/live.m3u8")
        await run.until(lambda told: told.of("source", state="offline"))
        assert run.told.of("source", state="offline")[0]["reason"] == "host_refused", kind
    assert other.asked == []
    site.fault = lambda path, body: (200, {}, master)
    run = Run(f"{site.url}/live.m3u8", allow_host=(other.url.removeprefix("http://"),))
    await run.until(captions(1))
    other.close()


async def test_dash_by_the_bridge_from_its_own_host_alone(site: Site, channel: Path) -> None:
    run = Run(f"{site.url}/live.mpd")
    await run.until(captions(2))
    run.whole()
    other = Site(channel)
    base = f"<BaseURL>{other.url}/</BaseURL><Period".encode()
    site.fault = lambda path, body: (200, {}, body.replace(b"<Period", base, 1)) if path.endswith("mpd") else None
    run = Run(f"{site.url}/live.mpd")
    await run.until(lambda told: told.of("source", state="offline"))
    assert run.told.of("source", state="offline")[0]["reason"] == "host_refused"
    assert other.asked == []
    other.close()


async def test_a_stream_by_plain_http_is_lost_where_it_breaks_off() -> None:
    url = f"http://127.0.0.1:{free_port()}/cam"
    with sending(*picture(), "-f", "mpegts", "-listen", "1", url) as sender:
        run = Run(url)

        def lost(told: Told) -> object:
            if len(told.of("caption")) >= 2:
                sender.kill()
            return told.of("source", state="offline", reason="source_lost")

        await run.until(lost)
    run.whole()


async def test_pictures_without_stamps_keep_the_time_of_the_clock() -> None:
    """Motion JPEG by http, five a second: a demuxer would count 25."""
    url = f"http://127.0.0.1:{free_port()}/cam"
    with sending(
        "-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5", "-c:v", "mjpeg", "-f", "mpjpeg", "-listen", "1",
        "-content_type", "multipart/x-mixed-replace;boundary=ffmpeg", url,
    ):  # fmt: skip
        run = Run(url)
        began = time.monotonic()
        await run.until(captions(4))
        passed = time.monotonic() - began
    run.whole()
    assert sum(event["end"] - event["start"] for event in run.told.of("caption")) < passed
    assert not run.told.of("discontinuity")


async def test_who_wants_a_password_is_asked_seldom(site: Site) -> None:
    site.fault = lambda path, body: (401, {}, b"")
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: told.of("source", state="offline"))
    (lost,) = run.told.of("source", state="offline")
    assert lost["reason"] == "not_authorized"
    assert lost["next_try"] >= 30
