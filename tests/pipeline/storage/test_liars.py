"""A store that sends more than it was asked for, and names that can't be: an error, and no more of it is kept than was asked for."""

import contextlib
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from buckets import OPTIONS, S3
from patience import PATIENCE

from pipeline.errors import InputError
from pipeline.storage import Storage, fallback, local, objects, open_storage

pytest.importorskip("obstore")
SENT = 64 << 20
"""bytes of an answer"""


class Liar(BaseHTTPRequestHandler):
    """S3's protocol as far as it is asked; ``listed`` is the name of the one file that it has. ``endless``: there is always a next page;
    ``empty``: none of them has a file."""

    listed = "films/a.mp4"
    endless = False
    empty = False

    def do_GET(self) -> None:
        common = {"Last-Modified": "Fri, 27 Nov 2026 10:00:00 GMT", "ETag": '"x"'}
        if "list-type" in self.path:
            row = f"<Contents><Key>{self.listed}</Key><LastModified>2026-11-27T10:00:00.000Z</LastModified><ETag>x</ETag><Size>9</Size></Contents>"
            if self.empty:
                row = ""
            more = "true</IsTruncated><NextContinuationToken>x</NextContinuationToken>" if self.endless else "false</IsTruncated>"
            text = f"<ListBucketResult><Name>b</Name><IsTruncated>{more}{row}</ListBucketResult>"
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


def test_a_listing_that_goes_in_a_circle_ends(liar: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Liar, "endless", True)
    monkeypatch.setattr(objects, "PAGE", 3)
    with pytest.raises(InputError, match=r"films/a\.mp4 again and again") as caught:
        list(liar.list())
    assert caught.value.code == "storage_failed"


def test_empty_pages_without_end_are_left(liar: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """obstore asks for the next page by itself and comes back with no page at all."""
    monkeypatch.setattr(Liar, "endless", True)
    monkeypatch.setattr(Liar, "empty", True)
    monkeypatch.setattr(objects, "LISTING", 0.5)
    with pytest.raises(InputError, match="lists no file within") as caught:
        list(liar.list())
    assert caught.value.code == "storage_failed"
    monkeypatch.undo()  # the server has a last page again, and who still asks comes to an end
    for thread in [thread for thread in threading.enumerate() if thread.name == "listing"]:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_who_stops_listening_leaves_no_thread_that_asks(liar: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PAGE", 1)
    files = liar.list()
    assert next(files).name == "films/a.mp4"
    files.close()  # type: ignore[attr-defined]
    for thread in [thread for thread in threading.enumerate() if thread.name == "listing"]:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_listing_has_a_bound(monkeypatch: pytest.MonkeyPatch, s3: S3) -> None:
    storage = open_storage(s3.bucket(), s3.options)
    for number in range(7):
        storage.put(f"{number}", b"x")
    monkeypatch.setattr(objects, "PAGE", 2)
    assert len(list(storage.list())) == 7
    monkeypatch.setattr(objects, "MOST_LISTED", 5)
    with pytest.raises(InputError, match="more than 5 files"):
        list(storage.list())


@pytest.mark.parametrize("kind", ["folder", "fsspec"])
def test_a_file_that_is_read_whole_has_a_bound(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage(tmp_path if kind == "folder" else f"memory://{secrets.token_hex(4)}")
    storage.put("a", b"0123456789")
    assert storage.get("a") == b"0123456789"
    for module in (local, fallback):
        monkeypatch.setattr(module, "LARGEST", 5)
    with pytest.raises(InputError, match="it has more than 5 bytes"):
        storage.get("a")
