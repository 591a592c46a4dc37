"""Files, or their folder, that somebody takes away in the middle of a run are begun anew: what comes after is not lost."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from shown_stream import MODEL

from pipeline.captioning.recipe import Recipe
from pipeline.errors import OutputError
from pipeline.formats.json import from_text
from pipeline.live.events import Event, stretch
from pipeline.live.outputs.journal import Journal
from pipeline.live.outputs.record import Recording
from pipeline.live.pieces import Piece

SHAPE = {"size": [320, 180], "fps": 10.0, "codec": "h264"}


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def clear(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def rotate(folder: Path) -> None:
    for file in folder.iterdir():
        if not file.name.startswith("."):
            file.rename(folder.parent / file.name)


def said(number: int) -> Event:
    event = stretch("caption", "cam", 1, 2.0 * number, 2.0 * number + 2, text=f"Ball {number}.", outcome="ok", level=0)
    return {**event, "id": number}


def piece(number: int) -> Event:
    start = 2.0 * number
    one = Piece(stream="cam", epoch=1, start=start, end=start + 2, utc=1.7e9 + start, stamp=start, keyed=True, data=b"x" * 188)
    return {"event": "piece", "stream": "cam", "_piece": one}


@pytest.fixture(params=[remove, clear, rotate])
def taken_away(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    return request.param  # type: ignore[no-any-return]


async def test_the_events_of_a_stream(tmp_path: Path, taken_away: Callable[[Path], None]) -> None:
    folder = tmp_path / "told"
    journal = Journal(folder, ("srt",), Recipe(model="echo"), MODEL, lambda _: SHAPE)
    await journal.open()
    for number in range(4):
        if number == 2:
            taken_away(folder)
        await journal.write(said(number))
    await journal.close()
    (events,) = folder.glob("cam.*.events.jsonl")
    assert [json.loads(row)["id"] for row in events.read_text().splitlines()] == [2, 3]
    (described,) = folder.glob("cam.*.descriptions.json")
    assert [caption.text for caption in from_text(described.read_text()).captions] == ["Ball 2.", "Ball 3."]
    assert not list(folder.glob(".cam*")), "nothing is left for the next run"
    assert journal.failures == 0


async def test_the_folder_of_events_comes_back_as_soon_as_it_can_be_made(tmp_path: Path) -> None:
    """It was tried once: a disk that is away for a while cost all that came after it."""
    folder = tmp_path / "told"
    journal = Journal(folder, ("srt",), Recipe(model="echo"), MODEL, lambda _: SHAPE)
    await journal.open()
    await journal.write(said(0))
    remove(folder)
    folder.write_text("in its place")
    for number in (1, 2):
        with pytest.raises(OutputError):
            await journal.write(said(number))
    folder.unlink()
    await journal.write(said(3))
    await journal.close()
    (events,) = folder.glob("cam.*.events.jsonl")
    assert [json.loads(row)["id"] for row in events.read_text().splitlines()] == [3]


async def test_what_is_recorded(tmp_path: Path, taken_away: Callable[[Path], None]) -> None:
    folder = tmp_path / "kept"
    one = Recording(folder, ("srt",), Recipe(model="echo"), MODEL, lambda _: SHAPE, seconds=60.0, keep_bytes=None, keep_days=None)
    await one.open()
    for number in range(4):
        if number == 2:
            taken_away(folder)
        one.offer(piece(number))
        one.offer(said(number))
        await one._empty.wait()
    await one.close()
    (film,) = folder.glob("cam.*.ts")
    assert film.stat().st_size == 2 * 188
    described = from_text(film.with_suffix(".descriptions.json").read_text())
    assert [caption.text for caption in described.captions] == ["Ball 2.", "Ball 3."]
    assert one.failures == 1, "that of which nothing is there can't be described"
