"""What lies where a data set's files go and is another's stays, and is told; what cannot be read is a row, not a silence."""

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


async def test_a_link_that_leads_to_itself_is_left_out(annotate: Annotate, tmp_path: Path) -> None:
    folder = as_folder({"a.png": PICTURES["000.png"]}, tmp_path / "in")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    run = await annotate(folder)
    assert [row.key for row in results.rows(run.ledger)] == ["a.png"]
