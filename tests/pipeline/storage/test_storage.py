"""What is said of addresses, options and refusals."""

import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from buckets import S3

from pipeline import storage as storages
from pipeline.errors import InputError, OutputError, UsageError
from pipeline.files import create_whole
from pipeline.storage import objects
from pipeline.storage.credentials import shared_aws
from pipeline.storage.explain import refused


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [("s3://b/x", True), ("hf://a", True), ("a/b", False), ("/a", False), ("file:///a", False), ("C:", False), ("s3:/b", False)],
)
def test_what_is_an_address(text: str, elsewhere: bool) -> None:
    assert storages.is_address(text) is elsewhere


def test_one_file_is_a_storage_and_a_name(tmp_path: Path, s3: S3) -> None:
    found, name = storages.parted(f"{s3.bucket()}/a/film.mp4", s3.options)
    found.put(name, b"x")
    assert (name, found.get(name)) == ("film.mp4", b"x")
    found, name = storages.parted(tmp_path / "film.mp4")
    assert (found.folder, name) == (tmp_path, "film.mp4")
    for text in ("s3://bucket", "s3://bucket/a/"):
        with pytest.raises(UsageError, match="bad_storage"):
            storages.parted(text, s3.options)


@pytest.mark.parametrize(
    ("url", "options", "code"),
    [
        ("s3://bucket", {"colour": "red"}, "bad_storage_option"),
        ("https://example.org/a", {"region": "x"}, "bad_storage_option"),
        ("nosuchthing://a/b", {}, "bad_storage"),
        ("s3://", {}, "bad_storage"),
    ],
)
def test_what_can_not_be_opened(url: str, options: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError) as error:
        storages.open_storage(url, options)
    assert error.value.code == code


def test_options_are_written_as_key_and_value() -> None:
    assert storages.parse_options(["endpoint=http://a?b=c", "allow-http=true"]) == {
        "endpoint": "http://a?b=c",
        "allow_http": "true",
    }
    for text in ("endpoint", "=x"):
        with pytest.raises(UsageError, match="bad_storage_option"):
            storages.parse_options([text])


def test_a_bucket_that_is_not_there_is_told_as_such(s3: S3) -> None:
    missing = storages.open_storage("s3://no-such-bucket/out", s3.options)
    reading, writing = (lambda: missing.get("a"), lambda: list(missing.list())), (lambda: missing.put("a", b""), missing.creates)
    for asked, kind in (*((one, InputError) for one in reading), *((one, OutputError) for one in writing)):
        with pytest.raises(kind) as error:
            asked()
        assert error.value.code == "no_bucket"


def test_a_failed_upload_leaves_no_pieces(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = storages.open_storage(s3.bucket(), s3.options)
    before, real = len(s3.asked), objects.door().put

    def torn(store: Any, name: str, file: Any, **more: Any) -> Any:
        def pieces() -> Any:
            with open(file, "rb") as data:
                yield data.read(objects.PIECE)
                yield data.read(objects.PIECE)
            raise OSError("the disk went away")

        return real(store, name, pieces(), **more)

    (tmp_path / "large").write_bytes(bytes(3 * objects.PIECE))
    monkeypatch.setattr(objects.door(), "put", torn)
    with pytest.raises(OutputError, match="storage_failed"):
        bucket.put_file("large", tmp_path / "large")
    methods = [method for method, _ in s3.asked[before:]]
    assert "DELETE" in methods, "the upload is given up, or its pieces would be paid for"
    assert not bucket.exists("large")


class Refused(Exception):
    """Stands for an error of a store."""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("status code: 403 Forbidden: <Error><Code>AccessDenied</Code>", "storage_denied"),
        ("status code: 404 Not Found: <Code>NoSuchBucket</Code>", "no_bucket"),
        ("status code: 503: <Code>SlowDown</Code><Message>Reduce your request rate.</Message>", "storage_failed"),
        ("status code: 501 Not Implemented", "storage_cannot"),
    ],
)
def test_a_refusal_is_one_line_with_its_code(text: str, code: str) -> None:
    error = refused(Refused(text), "s3://b/a", writing=True)
    assert (error.code, "\n" in error.message) == (code, False)


def test_a_signature_is_never_said() -> None:
    text = "error sending request for url (https://a.blob.core.windows.net/c/x?sig=SECRET&se=1): timed out"
    assert "SECRET" not in str(refused(Refused(text), "az://c/x", writing=False))


def test_the_shared_files_of_aws_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile lab]\nregion = eu-north-1\nendpoint_url = http://s3.lab\n")
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = no\n[lab]\naws_access_key_id = id\naws_secret_access_key = key\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    found = {"access_key_id": "id", "secret_access_key": "key", "region": "eu-north-1", "endpoint": "http://s3.lab"}
    assert shared_aws({}) == found
    assert shared_aws({"region": "x"}) == {name: value for name, value in found.items() if name != "region"}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    assert shared_aws({}) == {}


def test_a_file_system_without_links_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(OutputError, match="no_conditional_put"):
        create_whole(tmp_path / "a", b"x")
    assert not storages.open_storage(tmp_path).creates()
    assert list(tmp_path.rglob("*.tmp*")) == []


def test_a_link_whose_answer_was_lost_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As over NFS: the server did it, the client heard an error."""
    real = os.link

    def link(source: Any, target: Any) -> None:
        real(source, target)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "link", link)
    assert create_whole(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    storage, seen, over = storages.open_storage(tmp_path), set[bytes](), threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                seen.add(storage.get("a"))
            except InputError as error:
                seen.add(b"x" * 100_000 if error.code == "not_found" else b"")

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(50):
        storage.delete("a")
        storage.create("a", b"%02d" % number * 50_000, durable=False)
    over.set()
    thread.join()
    assert all(len(data) == 100_000 for data in seen)


@pytest.mark.parametrize("odd", ["pipe", "/dev/zero"])
def test_a_pipe_or_a_device_among_the_files_holds_nothing_up(odd: str, tmp_path: Path) -> None:
    """Others may have put it where a picture, a shard or a text of ours is looked for."""
    if odd == "pipe":
        os.mkfifo(tmp_path / "odd")
    else:
        (tmp_path / "odd").symlink_to(odd)
    storage = storages.open_storage(tmp_path)
    for read in (lambda: storage.get("odd"), lambda: storage.get_range("odd", 0, 10)):
        with pytest.raises(InputError, match="unreadable"):
            read()


@pytest.fixture
def plain_server(tmp_path: Path) -> Iterator[str]:
    """A web server as Python has it: no parts of files, no listings."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_web_server_that_gives_no_parts_is_read_from_the_beginning(
    plain_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes(range(256)) * 20_000
    (tmp_path / "a.tar").write_bytes(data)
    storage = storages.open_storage(plain_server)
    monkeypatch.setattr(objects, "WHOLE", 3_000_000)
    assert storage.get("a.tar") == data
    assert storage.get_range("a.tar", 0, len(data) + 1) == data  # as a picture is read
    assert storage.get_range("a.tar", 2_000_000, 1000) == data[2_000_000:2_001_000]
    with pytest.raises(InputError, match=r"storage_cannot.*fetch it first"):
        storage.get_range("a.tar", 2_999_500, 1000)
    with pytest.raises(InputError, match="not_found"):
        storage.get_range("b.tar", 0, 10)


def test_a_web_server_that_lists_nothing_says_to_name_the_files(plain_server: str) -> None:
    with pytest.raises(InputError, match=r"storage_cannot.*name the files"):
        list(storages.open_storage(plain_server).list())
