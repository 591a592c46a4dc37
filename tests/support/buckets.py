"""S3 servers on this machine: moto's, whose conditional put holds, and nanio, which has none."""

import contextlib
import itertools
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from patience import PATIENCE
from ports import free_port

OPTIONS = {"access_key_id": "test", "secret_access_key": "test-secret", "region": "us-east-1"}
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_numbers = itertools.count()


class S3:
    """A server that counts what it is asked."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.asked: list[tuple[str, str]] = []
        """method and path of each request"""
        self.ranges: list[str] = []
        """``Range`` of each that has one: bytes=START-END"""
        self.writes_left: int | None = None
        """writes (and deletions) that are allowed yet, as a policy that changes in mid-run has it; None: any number"""

    def allows(self, method: str) -> bool:
        if self.writes_left is None or method not in ("PUT", "POST", "DELETE"):
            return True
        self.writes_left -= 1
        return self.writes_left >= 0

    @property
    def bytes_asked(self) -> int:
        """Of all ranges together."""
        ends = [one.removeprefix("bytes=").split("-") for one in self.ranges]
        return sum(int(end) + 1 - int(start) for start, end in ends)

    @property
    def options(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, **OPTIONS}

    def bucket(self) -> str:
        """The address of a new and empty bucket."""
        from pipeline.storage.objects import door

        name = f"bucket-{next(_numbers)}"
        store = door().store.HTTPStore.from_url(self.endpoint, client_options={"allow_http": "true"})
        door().put(store, name, b"")
        return f"s3://{name}"


@contextlib.contextmanager
def moto() -> Iterator[S3]:
    """moto's S3 in this process."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    server, turns = S3(""), threading.Lock()

    def counted(environ: dict[str, Any], start: Any) -> object:
        server.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "")))
        if "HTTP_RANGE" in environ:
            server.ranges.append(environ["HTTP_RANGE"])
        if not server.allows(environ["REQUEST_METHOD"]):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(DENIED)))])
            return [DENIED]
        if "HTTP_IF_NONE_MATCH" not in environ and "HTTP_IF_MATCH" not in environ:
            return application(environ, start)
        with turns:  # a store looks and writes in one step; moto's threads look, all of them, and then write
            return application(environ, start)

    http = make_server("127.0.0.1", 0, counted, threaded=True)
    server.endpoint = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@contextlib.contextmanager
def nanio(folder: Path) -> Iterator[S3]:
    """A server that takes every conditional put for a plain one. ``folder/data`` holds a bucket ``bucket``."""
    import socket
    import subprocess
    import sys
    import time

    (folder / "data" / "bucket").mkdir(parents=True)
    port = free_port()
    words = ["serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder / "data"), "--no-access-log"]
    keys = {"NANIO_ACCESS_KEY": OPTIONS["access_key_id"], "NANIO_SECRET_KEY": OPTIONS["secret_access_key"]}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "nanio", *words], env={**os.environ, **keys}, stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield S3(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()
