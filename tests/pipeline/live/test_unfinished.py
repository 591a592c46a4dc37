"""What a run that was killed left without descriptions, the next one with the same folder describes; what another still writes it leaves."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shown_stream import MODEL

from pipeline.captioning.recipe import Recipe
from pipeline.errors import OutputError
from pipeline.formats.json import from_text
from pipeline.live.document import document_of
from pipeline.live.outputs.journal import Journal
from pipeline.live.outputs.record import Recording
from pipeline.live.outputs.unfinished import Left, Mark, finish_left

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from pipeline.captioning.recipe import Recipe
from pipeline.live.events import stretch
from pipeline.live.outputs.journal import Journal
from pipeline.live.outputs.record import Recording
from pipeline.live.pieces import Piece
from pipeline.types import Model

folder = Path(sys.argv[1])
model = Model(name="old", id="old", revision="1", engine="echo", engine_version="1")
seen = {}
shape = lambda _: dict(seen)

def piece(start, epoch):
    return Piece(stream="cam", epoch=epoch, start=start, end=start + 2.0, utc=1.7e9 + start, stamp=start, keyed=True, data=b"x" * 188)

def said(start, text):
    return stretch("caption", "cam", 1, start, start + 2.0, text=text, outcome="ok")

async def main():
    global seen
    recipe = Recipe(model="echo", prompt="what was asked then")
    record = Recording(folder, ("srt",), recipe, model, shape, seconds=60.0, keep_bytes=None, keep_days=None)
    journal = Journal(folder, ("srt",), recipe, model, shape)
    for one in (record, journal):
        await one.open()
    journal.offer({"event": "source", "stream": "cam", "epoch": 0, "time": 0.0, "state": "connecting"})
    await journal._empty.wait()
    seen |= {"size": [320, 180], "fps": 10.0, "codec": "h264"}  # known when the first picture is there
    for event in (piece(0.0, 1), said(0.0, "One."), piece(2.0, 1), said(2.0, "Two."), piece(4.0, 1)):
        for one in (record, journal):
            one.picture(event) if isinstance(event, Piece) else one.offer(event)
    for one in (record, journal):
        await one._empty.wait()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def outputs(folder: Path) -> tuple[Recording, Journal]:
    recipe = Recipe(model="echo", prompt="what is asked now")
    rules = {"seconds": 60.0, "keep_bytes": None, "keep_days": None}
    return (
        Recording(folder, ("srt", "vtt"), recipe, MODEL, lambda _: {}, **rules),  # type: ignore[arg-type]
        Journal(folder, ("srt", "vtt"), recipe, MODEL, lambda _: {}),
    )


def a_killed_run(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL


async def test_a_killed_runs_files_are_described_by_the_next_one(tmp_path: Path) -> None:
    a_killed_run(tmp_path)
    (film,) = tmp_path.glob("*.ts")
    (events,) = tmp_path.glob("*.events.jsonl")
    assert not list(tmp_path.glob("*.descriptions*"))
    for one in outputs(tmp_path):
        await one.open()
        await one.close()
    recorded = from_text(film.with_suffix(".descriptions.json").read_text())
    assert [(one.start, one.end, one.text) for one in recorded.captions] == [(0, 2, "One."), (2, 4, "Two.")]
    assert [(one.code, one.start, one.end) for one in recorded.warnings] == [("not_described", 4, 6)]
    assert (recorded.source.name, recorded.source.size, recorded.source.duration) == (film.name, 3 * 188, 6)
    base = events.name.removesuffix(".events.jsonl")
    kept = from_text((tmp_path / f"{base}.descriptions.json").read_text())
    assert [one.text for one in kept.captions] == ["One.", "Two."]
    for document in (recorded, kept):
        assert (document.source.width, document.source.height, document.source.codec) == (320, 180, "h264")
        assert (document.model.name, document.settings["prompt"]) == ("old", "what was asked then"), (
            "the run's own, not this one's"
        )
    assert len(list(tmp_path.glob("*.srt"))) == len(list(tmp_path.glob("*.vtt"))) == 2
    assert not list(tmp_path.glob(".*")), "and that is done"


def head(text: str = "now") -> Left:
    shape = {"size": [320, 180], "fps": 10.0, "codec": "h264"}
    document = document_of(
        [], [], name="cam", size=0, duration=0, shape=shape, recipe=Recipe(model="echo", prompt=text), model=MODEL, stream={}
    )
    return Left(Path("x"), document, 0.0, 0.0, ())


def found(folder: Path) -> list[str]:
    names: list[str] = []
    finish_left(folder, "journal", lambda one: names.append(one.base.name), lambda *_, **__: None)
    return names


def test_what_another_still_writes_is_left(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "cam.20261127T091500Z", "journal", head().head)
    assert found(tmp_path) == []
    (path,) = tmp_path.glob(".*")
    os.link(path, tmp_path / "kept")  # as a kill leaves it: the lock goes, the mark stays
    mark.done()
    (tmp_path / "kept").rename(path)
    assert found(tmp_path) == ["cam.20261127T091500Z"]
    assert found(tmp_path) == []


def test_what_can_not_be_finished_is_told_and_left(tmp_path: Path) -> None:
    base = tmp_path / "cam.20261127T091500Z"
    mark = Mark(base, "journal", head().head)
    (path,) = tmp_path.glob(".*")
    data = path.read_bytes()
    mark.done()
    path.write_bytes(data)
    told: list[str] = []

    def fails(_: Left) -> None:
        raise OutputError("no_space", "the disk is full")

    finish_left(tmp_path, "journal", fails, lambda what, **more: told.append(f"{more['reason']} {what}"))
    assert len(told) == 1
    assert told[0].startswith("no_space cam.20261127T091500Z")
    assert path.exists()


@pytest.mark.parametrize(
    "rest", [b"", b"{", b'{"description": "no", "start": 0}\n', b"[" * 100_000 + b"\n", b"\xff\xfe\n", b"1\n"]
)
def test_marks_that_are_none_are_left_alone(rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / ".cam.20261127T091500Z.journal"
    path.write_bytes(rest)
    assert found(tmp_path) == []
    assert path.exists()


def test_an_empty_mark_goes_when_nobody_can_still_be_making_it(tmp_path: Path) -> None:
    path = tmp_path / ".cam.20261127T091500Z.journal"
    path.touch()
    assert found(tmp_path) == []
    assert path.exists(), "its run may be about to lock it"
    os.utime(path, (0, 0))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert found(tmp_path) == []
    assert path.exists(), "somebody holds it"
    assert found(tmp_path) == []
    assert not path.exists()


def test_a_mark_that_another_run_looks_at_as_it_is_made_is_locked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".cam.20261127T091500Z.journal"
    path.touch()
    looking = path.open("rb")
    fcntl.flock(looking, fcntl.LOCK_EX)
    monkeypatch.setattr("pipeline.live.outputs.unfinished.time.sleep", lambda _: looking.close())
    mark = Mark(tmp_path / "cam.20261127T091500Z", "journal", head().head)
    assert looking.closed
    assert found(tmp_path) == []
    assert path.exists(), "it is written, and not yet another run's to finish"
    mark.done()
    assert not path.exists()


def test_a_row_that_was_cut_short_costs_itself_alone(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "cam.20261127T091500Z", "journal", head().head, start=1.0)
    mark.add({"event": "unchanged", "stream": "cam", "epoch": 1, "start": 1.0, "end": 2.0})
    mark.reached(4.0)
    (path,) = tmp_path.glob(".*")
    data = path.read_bytes() + b'{"event": "caption", "sta'
    mark.done()
    path.write_bytes(data)
    seen: list[Left] = []
    finish_left(tmp_path, "journal", seen.append, lambda *_, **__: None)
    assert [(one.start, one.end, len(one.told)) for one in seen] == [(1.0, 4.0, 1)]


def test_a_pipe_in_the_way_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".cam.20261127T091500Z.journal")
    assert found(tmp_path) == []
