"""The same drawn pictures from every kind of source give the same captions; from a bucket into a bucket, with few requests."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from annotated import Annotate, Run
from buckets import S3, moto
from picture_files import encoded
from picture_sets import as_folder, as_imagefolder, as_parquet, as_tar, as_urls, served
from PIL import Image
from thorough import LONG

from pipeline.annotating.flow import wishes_of
from pipeline.annotating.writing import layouts_of, write
from pipeline.datasets import results
from pipeline.datasets.grants import Grants
from pipeline.errors import OutputError
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.listing import Listing
from pipeline.options.annotate import AnnotateSettings
from pipeline.storage import open_storage
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter

COUNT = 150
FEW_WRITES = None if LONG else (2, 8, 13)
"""where in a run a bucket begins to refuse; None: anywhere"""


def drawn(number: int) -> bytes:
    """A still scene of the embedded model's world."""
    painter = Painter(sample_scene(Random(number), count=1 + number % 3, size=(96, 72), duration=2.0))
    kind = ("PNG", "JPEG", "WEBP")[number % 3]
    return encoded(
        Image.fromarray(painter.frame(0.0)),
        kind,
        **({"quality": 92} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}),
    )


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {f"{number:04}.{('png', 'jpg', 'webp')[number % 3]}": drawn(number) for number in range(COUNT)}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with moto() as server:
        yield server


def captions(run: Run) -> dict[str, str]:
    """By the number that each key has in it."""
    return {row.key.rpartition("/")[2].partition(".")[0]: row.caption for row in results.rows(run.ledger)}


async def test_every_kind_gives_the_same_captions(annotate: Annotate, pictures: dict[str, bytes], s3: S3, tmp_path: Path) -> None:
    bucket, options = s3.bucket(), tuple(f"{name}={value}" for name, value in s3.options.items())
    storage = open_storage(f"{bucket}/photos", s3.options)
    for name, data in pictures.items():
        storage.put(name, data)
    half = list(pictures.items())
    for number, part in enumerate((half[: COUNT // 2], half[COUNT // 2 :])):
        as_tar(dict(part), tmp_path / "shards" / f"{number}.tar")
    with served(pictures) as base:
        kinds: dict[str, tuple[Any, dict[str, Any]]] = {
            "folder": (as_folder(pictures, tmp_path / "folder"), {}),
            "tar": (tmp_path / "shards", {}),
            "parquet": (as_parquet(pictures, tmp_path / "t.parquet"), {}),
            "urls": (as_urls(pictures, tmp_path / "u.parquet", base), {"url_column": "url", "allow_host": ("127.0.0.1",)}),
            "imagefolder": (as_imagefolder(pictures, tmp_path / "imagefolder"), {}),
            "bucket": (f"{bucket}/photos", {"storage_option": options}),
        }
        found = {}
        for kind, (source, more) in kinds.items():
            run = await annotate(source, out=tmp_path / f"out-{kind}", unit=64, **more)
            found[kind] = captions(run)
            assert run.captioner.asked == COUNT  # type: ignore[attr-defined]
            assert not run.problems
    assert len(found["folder"]) == COUNT
    assert len(set(found["folder"].values())) > COUNT * 0.9
    assert all(one == found["folder"] for one in found.values())


def test_patterns_in_a_bucket_are_those_of_a_disk(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pattern stands for in a bucket is what it stands for on a disk, pictures without a question for each."""
    bucket = s3.bucket()
    storage = open_storage(bucket, s3.options)
    names = ["a/1.png", "a/2.png", "a/x.txt", "b/1.png", "b/deep/er/1.png", "b-2/[1].png", "c1/1.png", "c2/1.png", "ü/é 1.png"]
    for name in names:
        storage.put(name, b"picture")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"picture")
    monkeypatch.chdir(tmp_path)

    def listed(name: str) -> tuple[list[str], list[str]]:
        told: list[str] = []
        found = Listing([name], Wishes(storage=s3.options), lambda _, error: told.append(error.code))
        places = [f"{one.source}/{one.locator['path']}".removeprefix(f"{bucket}/") for one in found]
        return sorted(places), told

    for pattern in (
        "a/*.png",
        "*/1.png",
        "**/1.png",
        "b/**/*.png",
        "c[12]/?.png",
        "c[!1]/*",
        "b*",
        "a/[x-z].png",
        "ü/*",
        "*/[[]1].png",
    ):
        there, told = listed(f"{bucket}/{pattern}")
        assert (there, told) == listed(pattern), pattern
        assert bool(there) == (pattern != "a/[x-z].png")
    s3.asked.clear()
    assert len(listed(f"{bucket}/a/*.png")[0]) == 2
    assert [method for method, _ in s3.asked] == ["GET"]
    assert listed(f"{bucket}/no-*.png") == ([], ["not_found"])
    for nothing in ("s3://*/a.png", f"{bucket}/[z-a].png"):
        assert listed(nothing) == ([], ["not_found"])


async def test_from_a_bucket_into_a_bucket_with_few_requests(
    annotate: Annotate, pictures: dict[str, bytes], s3: S3, tmp_path: Path
) -> None:
    bucket, options = s3.bucket(), tuple(f"{name}={value}" for name, value in s3.options.items())
    shards = open_storage(f"{bucket}/shards", s3.options)
    for number in range(3):
        part = dict(list(pictures.items())[number * 50 : number * 50 + 50])
        shards.put(f"{number:05}.tar", as_tar(part, tmp_path / f"{number}.tar").read_bytes())
    s3.asked.clear()
    out: Any = f"{bucket}/captioned"
    run = await annotate(f"{bucket}/shards", out=out, unit=50, storage_option=options)
    assert sorted(captions(run)) == sorted(name[:4] for name in pictures)
    read = [path for method, path in s3.asked if method == "GET" and "shards/0" in path]
    assert len(read) <= 3 * 3, "the listing and one read a shard, and its size"
    written = write(run.ledger, layouts_of("webdataset,jsonl"), wishes_of(AnnotateSettings(storage_option=options)))
    assert written["webdataset"].items == COUNT
    names = {entry.name for entry in open_storage(f"{bucket}/captioned", s3.options).list()}
    assert {"captions.jsonl", *(f"webdataset/{number:05}.tar" for number in range(3))} <= names
    again = await annotate(f"{bucket}/shards", out=out, unit=50, storage_option=options)
    assert again.captioner.asked == 0  # type: ignore[attr-defined]


async def test_a_bucket_that_may_not_be_written_any_more_ends_the_run_in_a_line_and_loses_nothing(
    annotate: Annotate, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused from its N-th write on; then it may be written again. Who was refused can't give its units back: they are had when its
    lease ends, here after seconds."""
    monkeypatch.setitem(Grants.__init__.__kwdefaults__, "lease", 4.0)
    options = tuple(f"{name}={value}" for name, value in s3.options.items())
    place = as_folder({f"{number}.png": drawn(3 * number) for number in range(9)}, tmp_path / "in")

    async def to(out: Any) -> Run:
        return await annotate(place, out=out, unit=3, storage_option=options)

    s3.asked.clear()
    whole = captions(await to(f"{s3.bucket()}/out"))
    writes = sum(method in ("PUT", "DELETE") for method, _ in s3.asked)
    for allowed in FEW_WRITES or range(writes):
        out = f"{s3.bucket()}/out"
        s3.writes_left = allowed
        with pytest.raises(OutputError) as caught:
            await to(out)
        s3.writes_left = None
        assert (caught.value.code, str(caught.value).count("\n")) == ("storage_denied", 0), allowed
        assert captions(await to(out)) == whole, allowed
