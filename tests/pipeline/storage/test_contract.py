"""What every storage keeps, over a folder, a bucket and an fsspec file system."""

import pickle
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azurite import azurite
from buckets import S3, nanio

from pipeline.errors import InputError, OutputError
from pipeline.storage import Storage, open_storage
from pipeline.storage.objects import PIECE

KINDS = ["folder", "bucket", "fsspec", "azure"]


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with azurite(tmp_path_factory.mktemp("azurite")) as options:
        yield options


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path, s3: S3) -> Storage:
    if request.param == "folder":
        return open_storage(tmp_path / "folder")
    if request.param == "bucket":
        return open_storage(f"{s3.bucket()}/some/where", s3.options)
    if request.param == "azure":
        return open_storage(f"az://films/{secrets.token_hex(4)}", request.getfixturevalue("azure"))
    return open_storage(f"memory://{secrets.token_hex(4)}")


def test_what_is_put_is_there(storage: Storage) -> None:
    storage.put("a/ü b.bin", b"0123456789")
    assert storage.get("a/ü b.bin") == b"0123456789"
    assert storage.get_range("a/ü b.bin", 3, 4) == b"3456"
    assert storage.get_range("a/ü b.bin", 8, 100) == b"89"
    assert storage.head("a/ü b.bin").size == 10
    storage.put("a/ü b.bin", b"new")
    assert storage.get("a/ü b.bin") == b"new"


def test_names_are_listed_in_order_by_their_beginning(storage: Storage) -> None:
    assert list(storage.list("done/")) == []
    for name in ("done/2.json", "done/10.json", "done/1.json", "donetoo.json", "other"):
        storage.put(name, b"x")
    assert [entry.name for entry in storage.list("done/")] == ["done/1.json", "done/10.json", "done/2.json"]
    assert [entry.name for entry in storage.list("done/1")] == ["done/1.json", "done/10.json"]
    assert [entry.name for entry in storage.list("done")] == ["done/1.json", "done/10.json", "done/2.json", "donetoo.json"]
    assert len(list(storage.list())) == 5


def test_what_is_not_there_is_told(storage: Storage) -> None:
    for asked in (lambda: storage.get("no"), lambda: storage.head("no"), lambda: storage.get_range("no", 0, 1)):
        with pytest.raises(InputError, match="not_found"):
            asked()
    assert not storage.exists("no")
    storage.delete("no")


def test_what_is_deleted_is_gone(storage: Storage) -> None:
    storage.put("a", b"x")
    storage.delete("a")
    assert not storage.exists("a")


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a//b", "a/./b", "a\0b"])
def test_no_name_leads_out(storage: Storage, name: str) -> None:
    with pytest.raises(OutputError, match="bad_name"):
        storage.put(name, b"x")


def test_a_large_file_goes_up_in_pieces(storage: Storage, tmp_path: Path) -> None:
    data = secrets.token_bytes(2 * PIECE + 1000)
    (tmp_path / "large").write_bytes(data)
    storage.put_file("large", tmp_path / "large")
    assert storage.head("large").size == len(data)
    assert storage.get_range("large", PIECE - 10, 20) == data[PIECE - 10 : PIECE + 10]
    storage.put("large again", data)
    assert storage.get("large again") == data


@pytest.mark.parametrize("storage", ["folder", "bucket", "azure"], indirect=True)
def test_of_sixteen_that_create_one_does(storage: Storage) -> None:
    assert storage.creates()
    for number in range(4):
        with ThreadPoolExecutor(16) as threads:
            won = list(threads.map(lambda writer: storage.create(f"done/{number}", b"%d" % writer), range(16)))  # noqa: B023
        assert sum(won) == 1
        assert storage.get(f"done/{number}") == b"%d" % won.index(True)


@pytest.mark.parametrize("storage", KINDS, indirect=True)
def test_it_is_opened_again_elsewhere(storage: Storage) -> None:
    storage.put("a", b"x")
    assert pickle.loads(pickle.dumps(storage)).get("a") == b"x"


def test_one_that_has_no_conditional_put_is_found_out(tmp_path: Path) -> None:
    with nanio(tmp_path) as server:
        assert not open_storage("s3://bucket/out", server.options).creates()
    assert not open_storage("memory://none").creates()
