"""What lies where a data set's files go and is another's stays, and is told; what cannot be read is a row, not a silence."""

import io
import tarfile
from pathlib import Path

import pytest
from annotated import PICTURES, Annotate
from picture_sets import as_folder

from pipeline.annotating.flow import wishes_of
from pipeline.annotating.writing import layouts_of, write
from pipeline.datasets import results
from pipeline.errors import UsageError
from pipeline.options.annotate import AnnotateSettings


@pytest.mark.parametrize(
    ("form", "name"),
    [("jsonl", "captions.jsonl"), ("coco", "captions.coco.json")],
)
@pytest.mark.parametrize(
    "theirs", [b'{"key": "mine", "caption": "by hand"}\n', b'{"info": {"description": "mine"}}', b"\xff\xfe"]
)
async def test_a_file_of_another_is_not_replaced(annotate: Annotate, tmp_path: Path, form: str, name: str, theirs: bytes) -> None:
    run = await annotate(as_folder(dict(list(PICTURES.items())[:3]), tmp_path / "in"))
    path, wishes = tmp_path / "out" / name, wishes_of(AnnotateSettings())
    path.write_bytes(theirs)
    refused = write(run.ledger, layouts_of(form), wishes)[form]
    assert (refused.items, [one[:2] for one in refused.refused]) == (0, [(name, "output_exists")])
    assert path.read_bytes() == theirs
    assert write(run.ledger, layouts_of(form), wishes, overwrite=True)[form].items == 3
    ours = path.read_bytes()
    assert write(run.ledger, layouts_of(form), wishes)[form].items == 3, "its own it writes again"
    assert path.read_bytes() == ours
    path.write_bytes(b"")
    assert write(run.ledger, layouts_of(form), wishes)[form].items == 3, "nothing is lost with an empty one"


async def test_pictures_of_a_telephone_are_rows_with_a_reason(annotate: Annotate, tmp_path: Path) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
    run = await annotate(
        as_folder({"a.png": PICTURES["000.png"], "IMG_1.HEIC": heic, "2.heif": heic, "notes.txt": b"x"}, tmp_path / "in")
    )
    assert {row.key: row.reason for row in results.rows(run.ledger)} == {
        "a.png": "",
        "IMG_1.HEIC": "bad_picture",
        "2.heif": "bad_picture",
    }


@pytest.mark.parametrize("extension", [".png", ".JPG", ".x.tar", ".mp4", ".jsonl", "/../x.txt", "txt"])
async def test_texts_never_take_the_places_of_pictures(annotate: Annotate, tmp_path: Path, extension: str) -> None:
    """Not even with --overwrite: a text of b.jpg called b.png would be the picture b.png."""
    pictures = {"a.png": PICTURES["000.png"], "b.jpg": PICTURES["001.png"], "b.png": PICTURES["002.png"]}
    folder = as_folder(pictures, tmp_path / "in")
    run = await annotate(folder)
    with pytest.raises(UsageError, match=r"bad_value.*--caption-extension"):
        write(run.ledger, layouts_of("txt"), wishes_of(AnnotateSettings()), extension=extension, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == pictures


async def test_links_that_lead_to_nothing_are_rows_until_they_lead_to_something(annotate: Annotate, tmp_path: Path) -> None:
    folder = as_folder({"a.png": PICTURES["000.png"]}, tmp_path / "in")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "gone.png").symlink_to("../later.png")
    run = await annotate(folder)
    rows = {row.key: row.reason for row in results.rows(run.ledger)}
    assert rows == {"a.png": "", "gone.png": "not_found", "loop.png": "not_found"}
    (tmp_path / "later.png").write_bytes(PICTURES["001.png"])
    run = await annotate(folder, retry_failed=True)
    rows = {row.key: row.reason for row in results.rows(run.ledger)}
    assert rows == {"a.png": "", "gone.png": "", "loop.png": "unreadable"}


async def test_links_in_a_shard_are_pictures_or_rows_and_never_nothing(annotate: Annotate, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        for name, kind, leads in (
            ("a.png", b"0", ""),
            ("b.png", b"1", "a.png"),
            ("c.png", b"2", "a.png"),
            ("d.png", b"1", "z.png"),
        ):
            head = tarfile.TarInfo(name)
            head.type, head.linkname, head.size = kind, leads, 0 if leads else len(PICTURES["000.png"])
            tar.addfile(head, None if leads else io.BytesIO(PICTURES["000.png"]))
    run = await annotate(tmp_path / "s.tar")
    for _ in range(2):
        rows = {row.key: row.reason or row.caption for row in results.rows(run.ledger)}
        assert rows == {"s/a": rows["s/b"], "s/b": rows["s/a"], "s/c": "link_not_followed", "s/d": "link_not_followed"}
        run = await annotate(tmp_path / "s.tar", retry_failed=True)
    assert run.told.keys() == {"s/c", "s/d"}
    assert write(run.ledger, layouts_of("webdataset"), wishes_of(AnnotateSettings()))["webdataset"].items == 2
    with tarfile.open(tmp_path / "out/webdataset/s.tar") as tar:
        members = {one.name: content.read() for one in tar if (content := tar.extractfile(one))}
    assert members["a.png"] == members["b.png"] == PICTURES["000.png"]
    assert members["b.txt"].decode() == rows["s/b"]
