"""A store that sends more than it was asked for, and names that can't be: an error, and no more of it is kept than was asked for."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from buckets import OPTIONS

from pipeline.errors import InputError
from pipeline.storage import Storage, objects, open_storage

pytest.importorskip("obstore")
SENT = 64 << 20
"""bytes of an answer"""


class Liar(BaseHTTPRequestHandler):
    """S3's protocol as far as it is asked; ``listed`` is the name of the one file that it has."""

    listed = "films/a.mp4"

    def do_GET(self) -> None:
        common = {"Last-Modified": "Fri, 27 Nov 2026 10:00:00 GMT", "ETag": '"x"'}
        if "list-type" in self.path:
            row = f"<Contents><Key>{self.listed}</Key><LastModified>2026-11-27T10:00:00.000Z</LastModified><ETag>x</ETag><Size>9</Size></Contents>"
            text = f"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>{row}</ListBucketResult>"
            self.answer(200, {"Content-Length": str(len(text))}, text.encode())
        elif "Range" in self.headers:
            self.answer(206, common | {"Content-Range": "bytes 0-9/10", "Content-Length": str(SENT)}, bytes(SENT))
        else:
            self.answer(200, common | {"Content-Length": str(10 << 40)}, bytes(SENT))

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked has heard enough
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def liar() -> Iterator[Storage]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield open_storage("s3://b", {"endpoint": f"http://127.0.0.1:{server.server_port}", **OPTIONS})
    server.shutdown()
    server.server_close()


def test_more_than_was_asked_for_is_no_answer(liar: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="more than 10 bytes") as caught:
        liar.get_range("a", 0, 10)
    assert caught.value.code == "storage_failed"
    monkeypatch.setattr(objects, "LARGEST", 4 << 20)
    with pytest.raises(InputError, match="more than 4194304 bytes"):
        liar.get("a")  # said to be ten terabytes


@pytest.mark.parametrize("name", ["films/../../evil.mp4", "films//b.mp4", "films/a&#10;b.mp4"])
def test_a_name_that_leads_elsewhere_is_told(liar: Storage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Liar, "listed", name)
    with pytest.raises(InputError, match="a name in it is not read") as caught:
        list(liar.list("films/"))
    assert caught.value.code == "storage_cannot"
