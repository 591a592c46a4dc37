"""Keys come from tars and tables of others, and become names in tars and folders of ours: none leads out, none is too long, none is half a letter."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from pipeline.datasets.layouts.base import add_member, file_below, inside
from pipeline.datasets.layouts.imagefolder import picture_name
from pipeline.errors import OutputError
from pipeline.imagesources.base import Place, Wishes
from pipeline.imagesources.imagefolder import Source
from pipeline.storage import open_storage

JPEG = b"\xff\xd8\xff\xe0"
KEYS = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../b",
    "..",
    "",
    "a\0b",
    "a\x1b[31m\nb",
    "\ud800",
    "\udcff",
    "x" * 300,
    "\u5bff" * 100 + "/a",
    "a\\..\\..\\b",
    "..\u2028",
    "a/" * 1500 + "b",
    ("y" * 300 + "/") * 30 + "b",
]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_no_key_leads_out_of_where_it_is_unpacked(key: str, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for suffix in (".jpg", ".txt"):
            add_member(tar, key + suffix, b"x")
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        names = tar.getnames()
    assert len(set(names)) == 2, "a sample's parts stay apart"
    for name in [*names, picture_name(key, JPEG, key + ".jpg"), inside(key), file_below(key, 4)]:
        assert name.isprintable()
        assert not name.startswith("/")
        assert not {"", ".", ".."} & set(name.split("/"))
    assert all(len(os.fsencode(part)) <= 255 for part in picture_name(key, JPEG, "a." + "\u5bff" * 200).split("/"))
    place = tmp_path / picture_name(key, JPEG, "")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x")


def test_plain_keys_stay_as_they_are() -> None:
    assert inside("birds/0001.seg.png") == "birds/0001.seg.png"
    assert picture_name("birds/1.jpeg", JPEG, "1.jpeg") == "birds/1.jpeg"
    assert picture_name("\u5bff/1", JPEG, "") == "\u5bff/1.jpg"


def test_half_characters_in_a_table_of_pictures_cost_one_row(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    rows = [{"file_name": name, "text": "\ud800 a dog"} for name in ("a.jpg", "\ud800.jpg", "../../etc/passwd", "b\0.jpg")]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    place = Place(storage=open_storage(tmp_path), name="", url=str(tmp_path))
    items = list(Source().list(place, Wishes(keep_columns=("text",))))
    assert [item.key for item in items if not item.reason] == ["a.jpg"]
    assert {item.reason for item in items if item.key != "a.jpg"} == {"not_found"}
    for item in items:
        assert item.key.encode()
        assert json.dumps(item.kept, ensure_ascii=False).encode()


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_a_storage_on_a_disk_takes_every_name_that_is_made_of_a_key(key: str, tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path / "out"), {})
    for name in (f"txt/{file_below(key, 4)}.txt", f"imagefolder/{picture_name(key, JPEG, '')}"):
        assert storage.create(name, b"x", durable=False)
        assert [entry.name for entry in storage.list(name)] == [name]


def test_a_name_of_folders_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="inside each other") as caught:
        open_storage(str(tmp_path), {}).create("a/" * 1500 + "b", b"x")
    assert caught.value.code == "bad_name"
