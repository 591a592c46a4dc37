"""A recording that goes on is waited for, and that is said: with --once each minute, else less and less often."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE
from watched import HURRY, Echo, House

from pipeline.file_version import FileVersion
from pipeline.watch.candidates import Candidates
from pipeline.watch.daemon import Daemon
from pipeline.watch.observer import LogLines
from pipeline.watch.unsettled import Unsettled
from scripts.soaks.madeup import MadeUp

RECORDING = Path("/in/a.mp4")


def minutes(once: bool) -> list[int]:
    """The minutes of three hours in which something is said."""
    now, said = [0.0], list[int]()
    teller = Unsettled(60.0, lambda _: said.append(round(now[0] / 60)), clock=lambda: now[0])
    folder: Any = SimpleNamespace(changing=lambda longer: [RECORDING] if now[0] >= longer else [])
    while now[0] < 3 * 3600:
        now[0] += 10
        teller.look(folder, once=once)
    return said


def test_each_minute_where_the_run_waits_for_it() -> None:
    assert minutes(once=True) == list(range(1, 181))


def test_less_and_less_often_where_the_daemon_stays() -> None:
    assert minutes(once=False) == [1, 2, 4, 8, 16, 32, 64, 124]


def test_another_recording_is_told_like_the_first() -> None:
    now, said, changing = [0.0], list[float](), [RECORDING]
    teller = Unsettled(60.0, lambda _: said.append(now[0]), clock=lambda: now[0])
    folder: Any = SimpleNamespace(changing=lambda _: changing)
    for now[0] in (60.0, 120.0):
        teller.look(folder, once=False)
    changing.clear()
    teller.look(folder, once=False)
    changing.append(RECORDING)
    for now[0] in (130.0, 190.0):
        teller.look(folder, once=False)
    assert said == [60.0, 120.0, 130.0, 190.0]


class Hears(LogLines):
    """Is told what is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.changing: list[Path] = []

    def waits(self, changing: Sequence[Path]) -> None:
        super().waits(changing)
        self.changing = list(changing)


class Said:
    """In place of the log, which an earlier test may have led elsewhere."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))


def test_the_log_names_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said()
    monkeypatch.setattr("pipeline.watch.observer.log", said)
    LogLines().waits([RECORDING, Path("/in/b.mp4")])
    ((event, fields),) = said.lines
    assert event == "waits for files that still change"
    assert (fields["films"], str(fields["path"]), fields["reason"]) == (2, str(RECORDING), "still_changing")


async def test_once_says_what_it_waits_for_and_describes_it_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that goes on until it was told that it is waited for."""
    house, observer, settled = House(tmp_path), Hears(), Candidates.settled

    def changes(candidates: Candidates, now: float, settle: float) -> Iterator[tuple[str, FileVersion]]:
        return settled(candidates, now, settle) if observer.changing else iter(())

    monkeypatch.setattr(Candidates, "settled", changes)
    film = house.film("a.txt")
    daemon = Daemon(
        house.inbox, house.settings.changed(settle=0.05), make_studio=lambda s, host: MadeUp(s, captioner=Echo(), host=host),
        observer=observer, timings=replace(HURRY, remind=0.1),
    )  # fmt: skip
    assert await asyncio.wait_for(daemon.run(), PATIENCE) == 0
    assert observer.changing == [film]
    assert house.states() == {"a.txt": "done"}
