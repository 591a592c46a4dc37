"""What is written is read back by those who read such data: pyarrow, webdataset, pycocotools, datasets, a reader as trainers have."""

import contextlib
import io
import json
import tarfile
from pathlib import Path

import pyarrow.parquet
import pytest
from annotated import PICTURES, Annotate, Run
from picture_files import bad
from picture_sets import as_folder, as_imagefolder, as_parquet, as_tar

from pipeline import families
from pipeline.annotating.flow import wishes_of
from pipeline.annotating.writing import layouts_of, pairs, write
from pipeline.datasets import results
from pipeline.datasets.layouts.base import Written
from pipeline.errors import InputError, UsageError
from pipeline.options.annotate import AnnotateSettings

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves its files open
LOST = {f"zz/{name}": data for name, (data, _) in bad().items()}
WISHES = wishes_of(AnnotateSettings())


def written(run: Run, formats: str, **more: object) -> dict[str, Written]:
    return write(run.ledger, layouts_of(formats), WISHES, **more)  # type: ignore[arg-type]


def captions(run: Run) -> dict[str, str]:
    return {row.key: row.caption for _, row in pairs(run.ledger) if row.caption}


def test_every_format_is_tried_here() -> None:
    assert families.members("datasets.layouts") == ["coco", "imagefolder", "jsonl", "parquet", "txt", "webdataset"]
    assert list(layouts_of("all")) == families.members("datasets.layouts")
    assert all(layout.settled for layout in layouts_of("all").values())
    assert layouts_of("webdataset:samples=5,captions_only=true,txt")["webdataset"].samples == 5  # type: ignore[attr-defined]
    for given, code in (("tfrecord", "unknown_plugin"), ("txt:bold=1", "unknown_option"), ("webdataset:samples=0", "bad_value")):
        with pytest.raises(UsageError) as caught:
            layouts_of(given)
        assert caught.value.code == code


async def test_a_folder_in_every_format(annotate: Annotate, tmp_path: Path) -> None:
    folder = as_folder({**PICTURES, **LOST, "deep/er/x.png": PICTURES["000.png"]}, tmp_path / "in")
    (folder / "007.txt").write_text("a person wrote this")
    run = await annotate(folder, unit=9)
    said = captions(run)
    assert len(said) == 31
    found = written(run, "all")
    out = tmp_path / "out"

    table = pyarrow.parquet.read_table(out / "data")
    assert dict(zip(table["key"].to_pylist(), table["caption"].to_pylist(), strict=True)) == {**dict.fromkeys(LOST, ""), **said}
    assert found["parquet"].items == 31

    lines = [json.loads(line) for line in (out / "captions.jsonl").read_text().splitlines()]
    assert {line["key"]: line["caption"] for line in lines if line["caption"]} == said
    assert {line["reason"] for line in lines if line["outcome"] == "failed"} == {code for _, code in bad().values()}

    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(out / "captions.coco.json")
        images = {one["id"]: one for one in coco.loadImgs(coco.getImgIds())}
        annotations = coco.loadAnns(coco.getAnnIds())
    assert {images[one["image_id"]]["file_name"]: one["caption"] for one in annotations} == said
    assert images[1]["width"] == 32
    assert images[1]["height"] == 32

    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.txt")}
    assert texts.pop("007.txt") == "a person wrote this"
    assert texts == {key.replace(".png", ".txt"): text + "\n" for key, text in said.items() if key != "007.png"}
    assert [(name, code) for name, code, _ in found["txt"].refused] == [("007.png", "caption_in_the_way")]
    assert written(run, "txt", overwrite=True)["txt"].refused == ()
    assert (folder / "007.txt").read_text() == said["007.png"] + "\n"
    assert written(run, "txt")["txt"].items == 31

    import datasets

    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(out / "imagefolder"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert sorted(loaded["text"]) == sorted(said.values())
    assert {image.size for image in loaded["image"]} == {(32 + number, 32) for number in range(30)}

    samples = _samples(sorted((out / "webdataset").glob("*.tar")))
    assert sorted(sample["txt"].decode() for sample in samples) == sorted(said.values())
    assert all(sample["png"].startswith(b"\x89PNG") for sample in samples)
    assert {json.loads(sample["json"])["key"] for sample in samples} == said.keys()


async def test_shards_keep_their_names_keys_and_members(annotate: Annotate, tmp_path: Path) -> None:
    first, second = dict(list(PICTURES.items())[:18]), dict(list(PICTURES.items())[18:])
    for number, part in enumerate((first, second)):
        as_tar(part, tmp_path / "in" / f"{number:05}.tar")
    with tarfile.open(tmp_path / "in" / "00000.tar", "a") as tar:
        head = tarfile.TarInfo("017.txt")
        head.size = 9
        tar.addfile(head, io.BytesIO(b"their own"))
    run = await annotate(tmp_path / "in", unit=7)
    found = written(run, "webdataset,txt,imagefolder")
    assert found["webdataset"].items == 30
    for number, part in enumerate((first, second)):
        samples = _samples([tmp_path / "out" / "webdataset" / f"{number:05}.tar"])
        assert [sample["__key__"] for sample in samples] == [name[:3] for name in part]
        for sample, data in zip(samples, part.values(), strict=True):
            assert sample["png"] == data
            assert sample["json"] == b'{"from": "elsewhere"}'
            row = json.loads(sample["caption.json"])
            assert row["key"] == f"{number:05}/{sample['__key__']}"
            theirs = sample["__key__"] == "017"
            assert sample["caption.txt" if theirs else "txt"].decode() == row["caption"]
            assert not theirs or sample["txt"] == b"their own"
    assert (tmp_path / "out" / "txt" / "00000" / "003.txt").read_text() == captions(run)["00000/003"] + "\n"
    assert (tmp_path / "out" / "imagefolder" / "00001" / "020.png").read_bytes() == PICTURES["020.png"]
    only = written(run, "webdataset:captions_only=true")["webdataset"]
    assert only.items == 30
    assert all("png" not in sample for sample in _samples([tmp_path / "out" / "webdataset" / "00001.tar"]))


async def test_a_shard_that_is_cut_off_is_copied_as_far_as_it_goes(annotate: Annotate, tmp_path: Path) -> None:
    path = as_tar(PICTURES, tmp_path / "in.tar")
    path.write_bytes(path.read_bytes()[:20_000])
    run = await annotate(path)
    said = captions(run)
    assert 0 < len(said) < 30
    assert written(run, "webdataset")["webdataset"].items == len(said)
    samples = _samples([tmp_path / "out" / "webdataset" / "in.tar"])
    assert {sample["txt"].decode() for sample in samples if "txt" in sample} == set(said.values())


async def test_formats_follow_what_was_asked_again(annotate: Annotate, tmp_path: Path) -> None:
    shards = [as_tar({"a.png": PICTURES["000.png"]}, tmp_path / "in" / f"{n}.tar") for n in range(3)]
    folder = as_folder({"late.png": b""}, tmp_path / "loose")
    run = await annotate(tmp_path / "in", folder)
    assert len(captions(run)) == 3
    (folder / "late.png").write_bytes(PICTURES["003.png"])
    run = await annotate(tmp_path / "in", folder, retry_failed=True)
    assert len(captions(run)) == 4
    found = written(run, "webdataset,jsonl")
    assert found["webdataset"].items == found["jsonl"].items == 4
    assert len(list((tmp_path / "out" / "webdataset").rglob("*.tar"))) == len(shards) + 1


async def test_pictures_of_a_table_become_files(annotate: Annotate, tmp_path: Path) -> None:
    strange = {
        "../../up": PICTURES["001.png"],
        "a/b": PICTURES["002.png"],
        "a/b.png": PICTURES["003.png"],
        "": PICTURES["004.png"],
    }
    run = await annotate(as_parquet(strange, tmp_path / "t.parquet"))
    found = written(run, "imagefolder,txt")
    assert found["imagefolder"].items == 4
    folder = tmp_path / "out" / "imagefolder"
    names = [json.loads(line)["file_name"] for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert len(set(names)) == 4
    assert all((folder / name).resolve().is_relative_to(folder.resolve()) for name in names)
    assert sorted((folder / name).read_bytes() for name in names) == sorted(strange.values())
    assert not (tmp_path / "up.txt").exists()
    assert found["txt"].items + len(found["txt"].refused) == 4


async def test_a_kept_text_does_not_take_the_place_of_the_caption(annotate: Annotate, tmp_path: Path) -> None:
    some = {name: PICTURES[name] for name in sorted(PICTURES)[:3]}
    run = await annotate(as_imagefolder(some, tmp_path / "photos"), keep_columns="text")
    written(run, "imagefolder")
    lines = [
        json.loads(line) for line in (tmp_path / "out" / "imagefolder" / "train" / "metadata.jsonl").read_text().splitlines()
    ]
    assert {line["text_kept"] for line in lines} == {f"about {name}" for name in some}
    assert all(line["text"] and line["text"] != line["text_kept"] for line in lines)


@pytest.mark.parametrize(
    ("keys", "splits"),
    [
        (("train/1.png", "train/2.png", "test/3.png"), {"train": 2, "test": 1}),
        (("photos/x-train/1.png", "photos/other/2.png"), {"train": 2}),
        (("test_1.png", "train-2.png", "other.png"), {"train": 3}),
        (("deep/train/a/1.png", "deep/train/b/2.png", "val 2/3.png"), {"train": 2, "validation": 1}),
        (("contest/1.png", "trainer/2.png"), {"train": 2}),
    ],
)
async def test_words_in_names_that_readers_take_for_parts_lose_no_text(
    annotate: Annotate, tmp_path: Path, keys: tuple[str, ...], splits: dict[str, int]
) -> None:
    """``datasets`` reads some names as splits; each picture is in one, with its text."""
    import datasets

    datasets.disable_progress_bars()
    run = await annotate(as_folder(dict(zip(keys, PICTURES.values(), strict=False)), tmp_path / "photos"))
    written(run, "imagefolder")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out/imagefolder"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in loaded.items()} == splits
    assert sorted(text for part in loaded.values() for text in part["text"]) == sorted(
        row.caption for row in results.rows(run.ledger)
    )


def _samples(shards: list[Path]) -> list[dict[str, bytes]]:
    import webdataset

    return list(webdataset.WebDataset([str(path) for path in shards], shardshuffle=False, empty_check=False))


async def test_numbers_that_json_does_not_have_are_null_in_it(annotate: Annotate, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    values = [float("nan"), float("inf"), None, 0.5]
    table = pyarrow.table({"image": list(PICTURES.values())[:4], "score": values})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    run = await annotate(tmp_path / "t.parquet", keep_columns="score")
    written(run, "jsonl,imagefolder,webdataset")

    def read(text: str | bytes) -> object:
        return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["score"]

    out = tmp_path / "out"
    lines = [
        *(out / "captions.jsonl").read_text().splitlines(),
        *(out / "imagefolder" / "metadata.jsonl").read_text().splitlines(),
    ]
    assert [read(line) for line in lines] == [None, None, None, 0.5] * 2
    assert [read(one["json"]) for one in _samples([out / "webdataset" / "000000.tar"])] == [None, None, None, 0.5]
    kept = pyarrow.parquet.read_table(out / "data").column("score").to_pylist()
    assert kept[0] != kept[0]
    assert kept[1:] == [float("inf"), None, 0.5]


async def test_a_shard_with_a_sample_twice_is_one_that_webdataset_reads(annotate: Annotate, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        for number, name in enumerate(["a.png", "b.png", "a.png", "c.png", "c.png"]):
            head = tarfile.TarInfo(name)
            head.size = len(PICTURES[f"{number:03}.png"])
            tar.addfile(head, io.BytesIO(PICTURES[f"{number:03}.png"]))
    run = await annotate(tmp_path / "s.tar")
    assert sorted(row.reason for row in results.rows(run.ledger)) == ["", "", "", "key_twice", "key_twice"]
    assert written(run, "webdataset")["webdataset"].items == 3
    samples = _samples([tmp_path / "out" / "webdataset" / "s.tar"])
    texts = {sample["__key__"]: sample["txt"].decode() for sample in samples if "txt" in sample}
    assert texts == {key.removeprefix("s/"): text for key, text in captions(run).items()}


async def test_texts_make_no_folder_where_the_pictures_are_not(
    annotate: Annotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``dataset OUT finish`` in another directory than annotate: its folders were named from there."""
    as_folder(dict(list(PICTURES.items())[:3]), tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    run = await annotate("in")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"not_found.*where annotate was run"):
        written(run, "txt")
    assert not list((tmp_path / "elsewhere").iterdir())
