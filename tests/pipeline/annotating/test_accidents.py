"""A fault of ours at any step of an item is that item's row, one of a unit gives it back: the others are described, and the next run asks again.

Pictures and films are made up: no process decodes them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import picture_sets
import pytest
from accidents import ACCIDENTS, breaks, code_of
from annotated import Annotate

from pipeline.annotating import batches, films, flow, worker
from pipeline.annotating.recipe import PictureRecipe
from pipeline.datasets import results
from pipeline.datasets.ledger import Ledger
from pipeline.engine.engine import Engine
from pipeline.images.unpack import Picture
from pipeline.imagesources import folder as of_folders
from scripts.soaks.madeup import Reading, TextFilm

NAMES = ("a", "b", "c", "d")


class Decoder:
    """Any bytes are a picture."""

    def __init__(self, *_: object) -> None: ...

    def stop(self) -> None: ...

    def decode(self, files: Sequence[bytes]) -> Iterator[Picture]:
        for data in files:
            yield self.one(data)

    def one(self, data: bytes) -> Picture:
        return Picture(image=np.full((8, 8, 3), data[0], np.uint8), width=8, height=8)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "PictureDecoder", Decoder)
    monkeypatch.setattr(films, "FilmSource", lambda path, *_, **__: TextFilm(path))


OF_AN_ITEM: dict[str, tuple[Any, str]] = {
    "asked for": (PictureRecipe, "request"),
    "asked": (Engine, "ask"),
    "guarded": (worker, "guard"),
    "film: found": (films, "open_storage"),
    "film: opened": (films, "FilmSource"),
    "film: probed": (TextFilm, "probe"),
    "film: windows": (TextFilm, "windows"),
    "film: read": (Reading, "__iter__"),
    "film: a row": (films, "Row"),
}
OF_A_UNIT: dict[str, tuple[Any, str]] = {
    "hashed": (batches.hashlib, "blake2b"),
    "known?": (worker.Worker, "_known"),
    "into the engine": (Engine, "admit"),
    "put together": (worker.Worker, "_row"),
    "committed": (Ledger, "commit"),
}


def place(tmp_path: Path, kind: str) -> Path:
    return picture_sets.as_folder({f"{name}{kind}": name.encode() for name in NAMES}, tmp_path / "in")


def traces(caplog: pytest.LogCaptureFixture) -> list[Exception]:
    return [record.msg["exc_info"] for record in caplog.records if isinstance(record.msg, dict) and "exc_info" in record.msg]


@pytest.mark.parametrize("step", OF_AN_ITEM)
async def test_an_accident_of_an_item_is_its_row(
    annotate: Annotate, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two: a bug, and a disk that is full where nobody thought of it."""
    folder, (owner, name), left = place(tmp_path, ".mp4" if step.startswith("film") else ".png"), OF_AN_ITEM[step], [*ACCIDENTS]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, breaks(getattr(owner, name), left))
        run = await annotate(folder)
    failed = {row.key: row.reason for row in results.rows(run.ledger) if row.reason}
    assert (list(failed.values()), left) == (list(map(code_of, reversed(ACCIDENTS))), [])
    assert {key: answer.reason for key, answer in run.told.items() if answer.reason} == failed
    assert sorted(map(repr, traces(caplog))) == sorted(map(repr, ACCIDENTS))
    found = results.status(run.ledger)
    assert (found.items, found.done, found.failed, found.finished) == (len(NAMES), len(NAMES), 2, True)
    run = await annotate(folder, retry_failed=True)
    assert (results.status(run.ledger).failed, run.told.keys()) == (0, failed.keys()), "these are asked again, and no others"


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
async def test_of_files_that_are_read_ahead_one_fails(
    annotate: Annotate, tmp_path: Path, accident: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = of_folders.content_of

    def content(storage: Any, name: str, *most: int) -> Any:
        if name == "b.png":
            raise accident
        return real(storage, name, *most)

    monkeypatch.setattr(of_folders, "content_of", content)
    run = await annotate(place(tmp_path, ".png"))
    assert {row.key: row.reason for row in results.rows(run.ledger) if row.reason} == {"b.png": code_of(accident)}
    assert traces(caplog) == [accident]


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
async def test_of_pictures_that_are_decoded_together_one_fails(
    annotate: Annotate, tmp_path: Path, accident: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Decoder.one

    def one(decoder: Decoder, data: bytes) -> Picture:
        if data == b"c":
            raise accident
        return real(decoder, data)

    monkeypatch.setattr(Decoder, "one", one)
    run = await annotate(place(tmp_path, ".png"))
    assert {row.key: row.reason for row in results.rows(run.ledger) if row.reason} == {"c.png": code_of(accident)}
    assert traces(caplog) == [accident] * 2, "together, and alone"


@pytest.mark.parametrize("step", OF_A_UNIT)
async def test_an_accident_of_a_unit_has_it_done_again(
    annotate: Annotate, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder, (owner, name), left = place(tmp_path, ".png"), OF_A_UNIT[step], [*ACCIDENTS]
    monkeypatch.setattr(owner, name, breaks(getattr(owner, name), left))
    run = await annotate(folder, unit=2)
    found = results.status(run.ledger)
    assert (found.done, found.failed, found.finished, left) == (len(NAMES), 0, True, [])
    assert sorted(map(repr, traces(caplog))) == sorted(map(repr, ACCIDENTS))


async def test_a_unit_whose_accident_stays_is_left_and_asked_again_by_the_next_run(
    annotate: Annotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder, real = place(tmp_path, ".png"), worker.Worker._row

    def row(self: worker.Worker, item: Any, *rest: Any) -> Any:
        if item.key == "a.png":
            raise ACCIDENTS[0]
        return real(self, item, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(worker.Worker, "_row", row)
        run = await annotate(folder, unit=2)
    found = results.status(run.ledger)
    assert (found.done, found.failed, found.finished) == (2, 0, False)
    assert traces(caplog) == [ACCIDENTS[0]] * 3
    run = await annotate(folder, unit=2)
    assert (results.status(run.ledger).finished, sorted(run.told)) == (True, ["a.png", "b.png"])


async def test_who_cant_be_told_of_an_item_changes_nothing_of_it(
    annotate: Annotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = worker.Worker.__init__

    def made(self: worker.Worker, *values: Any, **more: Any) -> None:
        real(self, *values, **more | {"told": breaks(more["told"], [*ACCIDENTS])})

    monkeypatch.setattr(worker.Worker, "__init__", made)
    run = await annotate(place(tmp_path, ".png"))
    found = results.status(run.ledger)
    assert (found.done, found.failed, found.finished) == (len(NAMES), 0, True)
    assert len(traces(caplog)) == 2
