"""Names that differ in bytes alone which no text has: each picture has its own key, row, caption and files, in every format."""

import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from annotated import PICTURES, Annotate, Run
from picture_sets import as_folder, as_parquet, as_tar

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from pipeline.annotating.flow import wishes_of
from pipeline.annotating.writing import layouts_of, write
from pipeline.datasets import names, results
from pipeline.datasets.layouts.base import Written
from pipeline.options.annotate import AnnotateSettings

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves its files open
ONE, OTHER = os.fsdecode(b"a\xff.png"), os.fsdecode(b"a\xfe.png")
LOOKS = {ONE: PICTURES["001.png"], OTHER: PICTURES["002.png"], "a.png": PICTURES["003.png"]}
WIDTHS = {33, 34, 35}
"""of these pictures: what tells their rows apart"""


class Counting(EchoCaptioner):
    """Says something else each time."""

    async def caption(self, request: Request) -> Reply:
        self.answered = getattr(self, "answered", 0) + 1
        number = self.answered
        return replace(await super().caption(request), text=f"Answer {number}.")


def written(run: Run, formats: str, **more: object) -> dict[str, Written]:
    return write(run.ledger, layouts_of(formats), wishes_of(AnnotateSettings()), **more)  # type: ignore[arg-type]


def told_apart(run: Run) -> list[str]:
    rows = list(results.rows(run.ledger))
    assert {row.width for row in rows} == WIDTHS
    assert len({row.key for row in rows}) == len(rows) == 3
    return [row.key for row in rows]


@pytest.mark.parametrize("unit", [1, 1000])
async def test_files_of_a_folder(annotate: Annotate, tmp_path: Path, unit: int) -> None:
    folder = as_folder(LOOKS, tmp_path / "in")
    run = await annotate(folder, unit=unit)
    assert sorted(told_apart(run)) == ["a.png", "a\ufffd~0c88defa9a.png", "a\ufffd~e7b144cdc9.png"], "by a hash of their bytes"
    found = written(run, "all")
    assert {one.items for one in found.values()} == {3}
    assert not any(one.refused for one in found.values())
    assert {os.fsencode(path.name) for path in folder.glob("*.txt")} == {b"a\xff.txt", b"a\xfe.txt", b"a.txt"}
    lines = [json.loads(line) for line in (tmp_path / "out/captions.jsonl").read_text().splitlines()]
    assert {line["width"] for line in lines} == WIDTHS
    copies = {path.read_bytes() for path in (tmp_path / "out/imagefolder").glob("*.png")}
    assert copies == set(LOOKS.values())


async def test_what_was_asked_again_takes_its_own_place(annotate: Annotate, tmp_path: Path) -> None:
    folder = as_folder({**LOOKS, OTHER: b"no picture"}, tmp_path / "in")
    run = await annotate(folder)
    assert [row.reason for row in results.rows(run.ledger) if row.reason] == ["bad_picture"]
    as_folder(LOOKS, folder)
    told_apart(await annotate(folder, retry_failed=True))


async def test_samples_of_a_shard(annotate: Annotate, tmp_path: Path) -> None:
    import webdataset

    run = await annotate(as_tar(LOOKS, tmp_path / "in.tar"))
    assert sorted(told_apart(run)) == ["in/a", "in/a\ufffd~afad1e062c", "in/a\ufffd~b4389f00e7"]
    found = written(run, "webdataset,txt")
    assert {one.items for one in found.values()} == {3}
    shard = tmp_path / "out/webdataset/in.tar"
    samples = list(webdataset.WebDataset([str(shard)], shardshuffle=False, empty_check=False))
    assert {sample["png"] for sample in samples} == set(LOOKS.values())
    rows = [json.loads(sample["caption.json"]) for sample in samples]
    assert {row["width"] for row in rows} == WIDTHS
    assert len(list((tmp_path / "out/txt/in").iterdir())) == 3


async def test_folders_and_shards_whose_own_names_are_no_text(annotate: Annotate, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"in\xff")
    as_folder({"x.png": PICTURES["001.png"]}, place)
    as_tar({"x.png": PICTURES["002.png"]}, place / os.fsdecode(b"s\xff.tar"))
    as_tar({"x.png": PICTURES["003.png"]}, place / os.fsdecode(b"s\xfe.tar"))
    run = await annotate(place)
    told_apart(run)
    found = written(run, "all")
    assert {one.items for one in found.values()} == {3}
    assert (place / "x.txt").exists()
    assert len(list((tmp_path / "out/webdataset").iterdir())) == 3


async def test_keys_that_become_one_name_of_a_file(annotate: Annotate, tmp_path: Path) -> None:
    """Too long, with what no name has: each has its text, the same in a second run, and with --overwrite."""
    keys = ["k\0", "k_", "k\t", "x" * 300 + "1", "x" * 300 + "2"]
    table = as_parquet(dict(zip(keys, PICTURES.values(), strict=False)), tmp_path / "t.parquet")
    run = await annotate(table, captioner=Counting())
    for overwrite in (False, False, True):
        if overwrite:
            (tmp_path / "out/txt/k_.txt").write_text("changed\n")
        found = written(run, "txt", overwrite=overwrite)["txt"]
        assert (found.items, found.refused) == (5, ())
        assert len(list((tmp_path / "out/txt").iterdir())) == 5
    assert (tmp_path / "out/txt/k_.txt").read_text() != "changed\n"


async def test_two_pictures_of_one_text_keep_the_first_ones_with_overwrite_too(annotate: Annotate, tmp_path: Path) -> None:
    pictures = {"a.jpg": PICTURES["001.png"], "a.png": PICTURES["002.png"], "b.png": PICTURES["003.png"]}
    run = await annotate(as_folder(pictures, tmp_path / "in"), captioner=Counting())
    (tmp_path / "in/a.txt").write_text("of an earlier run")
    (tmp_path / "in/b.txt").write_text("of an earlier run")
    found = written(run, "txt", overwrite=True)["txt"]
    assert found.items == 2
    ((name, code, says),) = found.refused
    assert (name, code) == ("a.png", "caption_in_the_way")
    assert "another name" in says
    assert "--overwrite" not in says
    captions = {row.key: row.caption + "\n" for row in results.rows(run.ledger)}
    assert len(set(captions.values())) == 3
    assert (tmp_path / "in/a.txt").read_text() == captions["a.jpg"]
    assert (tmp_path / "in/b.txt").read_text() == captions["b.png"]


async def test_a_disk_that_tells_no_cases_apart_loses_no_text(
    annotate: Annotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names.os.path, "samefile", lambda *_: True)
    keys = ["Bird", "bird", "caf\u00e9", "cafe\u0301"]
    run = await annotate(
        as_parquet(dict(zip(keys, PICTURES.values(), strict=False)), tmp_path / "t.parquet"), captioner=Counting()
    )
    written(run, "txt,imagefolder")
    for folder in ("txt", "imagefolder"):
        found = [names.folded(path.name) for path in (tmp_path / "out" / folder).iterdir() if path.suffix != ".jsonl"]
        assert len(set(found)) == 4


async def test_a_new_shard_takes_no_place_of_a_sources(annotate: Annotate, tmp_path: Path) -> None:
    as_tar({"a.png": PICTURES["001.png"]}, tmp_path / "in/000000.tar")
    as_folder({"b.png": PICTURES["002.png"]}, tmp_path / "in")
    run = await annotate(tmp_path / "in")
    written(run, "webdataset")
    found = set[bytes]()
    for path in (tmp_path / "out/webdataset").iterdir():
        with tarfile.open(path) as tar:
            found |= {content.read() for one in tar if one.name.endswith(".png") and (content := tar.extractfile(one))}
    assert found == {PICTURES["001.png"], PICTURES["002.png"]}


def test_a_table_that_names_what_no_file_is_called_takes_no_pictures_place(tmp_path: Path) -> None:
    from pipeline.imagesources.base import Place, Wishes
    from pipeline.imagesources.imagefolder import Source
    from pipeline.storage import open_storage

    named = ["a.png", "a\0.png", "\ud800.png", "\ud801.png"]
    as_folder({"a.png": b"1"}, tmp_path)
    lines = [json.dumps({"file_name": name, "text": repr(name)}) for name in named]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    place = Place(storage=open_storage(tmp_path), name="", url=str(tmp_path))
    items = list(Source().list(place, Wishes(keep_columns=("text",))))
    assert [item.kept["text"] for item in items if not item.reason] == ["'a.png'"]
    assert len({item.key for item in items}) == 4
    assert {item.kept["text"] for item in items} == {repr(name) for name in named}


async def test_a_row_of_a_table_that_can_not_be_read_stays_one_when_it_is_asked_again(annotate: Annotate, tmp_path: Path) -> None:
    """It is no picture: neither one that is missing nor one that is damaged."""
    folder = as_folder(dict(list(PICTURES.items())[:1]), tmp_path / "in")
    (folder / "metadata.jsonl").write_text('{"file_name": "000.png"}\n{no JSON\n')
    for retried in (False, True):
        run = await annotate(folder, retry_failed=retried)
        assert [(row.key, row.reason) for row in results.rows(run.ledger)] == [("000.png", ""), ("metadata.jsonl:2", "bad_table")]
