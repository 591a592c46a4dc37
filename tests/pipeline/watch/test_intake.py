"""Arrivals into the queue: many of them leave others their turn, and what one file meets is that file's alone."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from watched import House, until

from pipeline.errors import EnvironmentFault
from pipeline.file_version import FileVersion
from pipeline.store.identity import Found
from pipeline.store.queue import Queue
from pipeline.watch import intake
from pipeline.watch.intake import Intake
from pipeline.watch.observer import WatchObserver


async def test_a_film_of_the_year_2286_is_described_like_the_others(tmp_path: Path) -> None:
    """Nanoseconds since 1970 are then more than a database holds: the daemon ended, at each start."""
    house = House(tmp_path)
    os.utime(house.film("late.txt", "one"), ns=(10**19, 10**19))
    os.utime(house.film("early.txt", "two"), ns=(-(10**19), -(10**19)))
    house.film("now.txt", "three")
    assert await house.once() == 0
    asked = house.echo.total
    assert await house.once() == 0
    assert house.states() == {"early.txt": "done", "late.txt": "done", "now.txt": "done"}
    assert house.echo.total == asked, "it is known again"


async def test_a_file_that_cannot_be_queued_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house, offer = House(tmp_path), Queue.offer

    def broken(self: Queue, root: Path, found: Sequence[Found], **more: Any) -> int:
        if any(one.path.name == "b.txt" for one in found):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return offer(self, root, found, **more)

    monkeypatch.setattr(Queue, "offer", broken)
    for name in "abc":
        house.film(f"{name}.txt", name)
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done", "c.txt": "done"}
    (told,) = [record.msg for record in caplog.records if record.msg["event"] == "internal error"]
    assert told["path"] == house.inbox / "b.txt"


class Offers:
    """A state and a queue that are told of arrivals."""

    def __init__(self, *batches: list[Found]) -> None:
        self.offered: list[int] = []
        self.root, self.queue = Path("/in"), self
        self.setup = SimpleNamespace(folder=self, output_dir=None)
        self.batches = batches

    async def arrivals(self) -> Any:
        for batch in self.batches:
            yield batch

    def called(self, path: Path) -> Path:
        return path

    async def surely(self, write: Any, *args: Any, **more: Any) -> Any:
        return write(*args, **more)

    def offer(self, root: Path, found: Sequence[Found], *, output_dir: Path | None) -> int:
        self.offered.append(len(found))
        return len(found)


def arrivals(count: int) -> list[Found]:
    return [Found(Path(f"/in/{number}.mp4"), FileVersion(1, 1)) for number in range(count)]


async def test_many_arrivals_leave_others_their_turn() -> None:
    state, turns, told = Offers(arrivals(2 * intake.TOGETHER + 1)), list[int](), list[tuple[int, int]]()
    observer = WatchObserver()
    observer.queued = lambda found, count: told.append((len(found), count))  # type: ignore[method-assign]

    async def another() -> None:
        while True:
            turns.append(len(state.offered))
            await asyncio.sleep(0)

    other = asyncio.create_task(another())
    made = Intake(state, observer, taken=lambda: None)  # type: ignore[arg-type]
    await until(lambda: told)
    other.cancel()
    await asyncio.gather(other, made.end(), return_exceptions=True)
    assert state.offered == [intake.TOGETHER, intake.TOGETHER, 1]
    assert {1, 2} <= set(turns), "between two transactions"
    assert told == [(2 * intake.TOGETHER + 1,) * 2], "and one line says it"


async def test_what_is_wrong_with_the_state_folder_is_no_files_accident() -> None:
    state = Offers(arrivals(3))

    def damaged(*_: Any, **__: Any) -> int:
        raise EnvironmentFault("state_damaged", "database disk image is malformed")

    state.offer = damaged  # type: ignore[method-assign]
    made = Intake(state, WatchObserver(), taken=lambda: None)  # type: ignore[arg-type]
    with pytest.raises(EnvironmentFault, match="state_damaged"):
        await made.task
