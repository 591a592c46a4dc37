"""A recording that goes on is waited for, and that is said: with --once each minute, else less and less often."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE
from watched import HURRY, Echo, House

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


class Grows(LogLines):
    """A recording that goes on until it was told that it is waited for."""

    def __init__(self, film: Path) -> None:
        super().__init__()
        self.film_, self.told = film, asyncio.Event()

    def waits(self, changing: Sequence[Path]) -> None:
        super().waits(changing)
        self.told.set()

    async def grow(self) -> None:
        while not self.told.is_set():
            with self.film_.open("a") as file:
                file.write("more ")
            await asyncio.sleep(0.01)


async def test_once_says_what_it_waits_for_and_describes_it_in_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path)
    caplog.set_level("INFO")
    observer = Grows(house.film("a.txt"))
    daemon = Daemon(
        house.inbox, house.settings.changed(settle=0.5), make_studio=lambda s, host: MadeUp(s, captioner=Echo(), host=host),
        observer=observer, timings=replace(HURRY, remind=0.1),
    )  # fmt: skip
    growing = asyncio.create_task(observer.grow())
    assert await asyncio.wait_for(daemon.run(), PATIENCE) == 0
    await growing
    assert house.states() == {"a.txt": "done"}
    told = next(record.msg for record in caplog.records if record.msg["event"] == "waits for files that still change")
    assert (told["films"], told["path"], told["reason"]) == (1, observer.film_, "still_changing")
