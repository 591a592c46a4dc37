"""Films among the pictures: a row a window, with its times; one that can't be read is one row, and costs nobody else."""

from pathlib import Path
from typing import Any

import pyarrow.dataset
import pyarrow.parquet
import pytest
from annotated import PICTURES, Annotate
from buckets import moto
from picture_sets import as_folder

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.presets import preset
from pipeline.annotating.films import has_films
from pipeline.annotating.flow import wishes_of
from pipeline.annotating.writing import layouts_of, write
from pipeline.bench.films import FilmSpec
from pipeline.bench.films import write as write_film
from pipeline.datasets import results
from pipeline.errors import RequestError
from pipeline.options.annotate import AnnotateSettings
from pipeline.storage import open_storage
from pipeline.types import Outcome


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "movie.mp4"
    write_film(path, FilmSpec(seconds=14, width=96, height=64, fps=10, gop=10))
    return path


async def test_films_and_pictures_of_one_folder(annotate: Annotate, film: Path, tmp_path: Path) -> None:
    some = dict(list(PICTURES.items())[:9])
    folder = as_folder({**some, "clips/movie.mp4": film.read_bytes(), "clips/broken.mp4": b"no film"}, tmp_path / "in")
    run = await annotate(folder, unit=5)
    rows = [*results.rows(run.ledger)]
    windows = [row for row in rows if row.key == "clips/movie.mp4"]
    assert len(windows) >= 2
    assert windows[0].start == 0
    assert [row.start for row in windows][1:] == [row.end for row in windows][:-1]
    assert 13 < (windows[-1].end or 0) < 15
    assert all(row.frames and row.caption.startswith("8 frames") and (row.width, row.height) == (96, 64) for row in windows)
    (broken,) = (row for row in rows if row.key == "clips/broken.mp4")
    assert (broken.outcome, broken.reason, broken.start) == (Outcome.FAILED, "unsupported_or_corrupt", None)
    assert sorted(row.key for row in rows if row.caption.startswith("1 image")) == sorted(some)
    found = results.status(run.ledger)
    assert (found.items, found.done, found.finished) == (11, 11, True)
    written = write(run.ledger, layouts_of("all"), wishes_of(AnnotateSettings()))
    assert {name: one.items for name, one in written.items()} == {
        "coco": 9, "imagefolder": 9, "txt": 9, "webdataset": 9, "jsonl": 9 + len(windows), "parquet": 9 + len(windows),
    }  # fmt: skip
    table = pyarrow.dataset.dataset(str(tmp_path / "out" / "data")).to_table()  # one schema in all parts
    parts = [pyarrow.parquet.read_schema(path) for path in (tmp_path / "out" / "data").glob("part-*")]
    assert len(parts) > 1
    assert all(part.equals(table.schema) for part in parts)
    times = dict(zip(table["key"].to_pylist(), table["start"].to_pylist(), strict=True))
    assert times[sorted(some)[0]] is None
    assert times["clips/movie.mp4"] is not None
    assert (await annotate(folder, unit=5)).captioner.asked == 0  # type: ignore[attr-defined]


async def test_a_film_that_is_cut_short_says_what_is_missing(annotate: Annotate, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    film = tmp_path / "in" / "cut.mkv"
    write_film(film, FilmSpec(seconds=24, width=96, height=64, fps=10, gop=10))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    run = await annotate(film)
    *windows, lost = results.rows(run.ledger)
    assert windows
    assert all(row.caption and not row.reason for row in windows)
    assert (lost.outcome, lost.reason, lost.caption, lost.frames) == (Outcome.FAILED, "partial", "", ())
    assert lost.start == pytest.approx(windows[-1].end, abs=0.2)
    assert lost.end == pytest.approx(24, abs=0.2)
    assert (run.told["cut.mkv"].outcome, run.told["cut.mkv"].reason) == (Outcome.FAILED, "partial")
    assert "the file ends at" in run.told["cut.mkv"].message
    assert (results.status(run.ledger).failed, results.status(run.ledger).by_reason) == (1, {"partial": 1})


class Refusing(EchoCaptioner):
    """Answers none but the first."""

    async def caption(self, request: Request) -> Reply:
        if self.asked:
            raise RequestError("prompt_too_long", "that is too much")
        return await super().caption(request)


async def test_a_window_that_is_refused_has_the_reason_that_was_given(annotate: Annotate, film: Path) -> None:
    run = await annotate(film, captioner=Refusing())
    reasons = sorted(row.reason for row in results.rows(run.ledger))
    assert reasons[0] == ""
    assert set(reasons[1:]) == {"prompt_too_long"}
    assert (run.told["movie.mp4"].reason, run.told["movie.mp4"].message) == ("prompt_too_long", "that is too much")


async def test_a_film_in_a_bucket_is_copied_here_and_removed(
    annotate: Annotate, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    with moto() as s3:
        bucket, options = s3.bucket(), tuple(f"{name}={value}" for name, value in s3.options.items())
        films = open_storage(f"{bucket}/films", s3.options)
        for name in ("movie.mp4", "other.mp4", "third.mp4"):
            films.put(name, film.read_bytes())
        films.put("large.mp4", film.read_bytes() * 3)
        out: Any = tmp_path / "out"
        here = await annotate(film, out=out)
        room = film.stat().st_size * 1.5 / (1 << 30)  # for one of them
        there = await annotate(f"{bucket}/films", out=tmp_path / "there", storage_option=options, spool_gb=room)
    texts = [(row.start, row.end, row.caption) for row in results.rows(here.ledger)]
    assert len(texts) >= 2
    found = [*results.rows(there.ledger)]
    for name in ("movie.mp4", "other.mp4", "third.mp4"):
        assert [(row.start, row.end, row.caption) for row in found if row.key == name] == texts
    assert [row.reason for row in found if row.key == "large.mp4"] == ["spool_too_small"]
    assert list(spool.iterdir()) == []


async def test_an_engine_takes_films_only_where_there_are_some(annotate: Annotate, tmp_path: Path) -> None:
    run = await annotate(as_folder(PICTURES, tmp_path / "in"))
    assert not has_films(run.ledger)
    for name, detail, limits in (
        ("qwen2.5-vl-7b", "low", {"video": 1, "image": 1}), ("llava-1.5-7b", "low", {"video": 0, "image": 6}),
        ("llava-onevision-7b", "low", {"video": 1, "image": 0}), ("llava-onevision-7b", "high", {"video": 1, "image": 1}),
    ):  # fmt: skip
        assert preset(name).of_pictures(detail, films=True).engine["limit_mm_per_prompt"] == limits  # type: ignore[arg-type]
