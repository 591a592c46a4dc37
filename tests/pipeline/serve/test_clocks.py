"""Clocks that are wrong, and are set right while the service runs: nothing is removed and nothing waits because of them."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.file_version import MOST, FileVersion
from pipeline.serve.films import Films, KnownFilm
from pipeline.serve.heartbeat import Heartbeat
from pipeline.serve.jobs import Jobs
from pipeline.serve.schema import DATABASE, MIGRATIONS
from pipeline.store.database import Database

DAY = 86_400.0
KEEP = 7 * DAY
RIGHT = 1_800_000_000.0
FIRST = FileVersion(1, 1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path, file=DATABASE, migrations=MIGRATIONS)
    yield made
    made.close()


class House:
    """A service of films alone; ``wall`` may be set, ``steady`` only goes on."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.wall, self.steady = database, RIGHT, 1000.0
        monkeypatch.setattr(time, "time", lambda: self.wall)
        self.settings, self.jobs = SimpleNamespace(keep_days=KEEP / DAY), Jobs(database, most=10)
        self.start()

    def start(self) -> None:
        """A process of the service, of which nothing is left of the one before."""
        self.films = Films(self.database, clock=lambda: self.steady)
        self.heart = Heartbeat(self, None, wall=lambda: self.wall, clock=lambda: self.steady)  # type: ignore[arg-type]

    def forget(self, id: str) -> None:
        self.films.remove(id)

    def goes_on(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def upload(self, name: str, version: FileVersion = FIRST) -> None:
        info: Any = SimpleNamespace(
            duration=1.0, fps=25.0, width=1, height=1, codec="h264", container="mp4", has_audio=False, notices=()
        )
        self.films.add(KnownFilm.seen(name, None, Path(name), version, info))

    async def left(self) -> list[str]:
        """The uploads that are there after the next sweep."""
        self.goes_on(601)
        await self.heart._sweep()
        return sorted(film.id for film in self.films.all())


@pytest.fixture
def house(database: Database, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(database, monkeypatch)


async def test_what_nobody_used_for_long_goes(house: House) -> None:
    house.upload("a")
    house.upload("b")
    house.goes_on(KEEP - 3600)
    house.films.touch("b")
    assert await house.left() == ["a", "b"]
    house.goes_on(3600)
    assert await house.left() == ["b"]
    house.start()
    house.goes_on(KEEP)
    assert await house.left() == []


@pytest.mark.parametrize("began", [5.0, RIGHT + 3650 * DAY])
async def test_a_clock_that_is_set_right_removes_nothing(house: House, caplog: pytest.LogCaptureFixture, began: float) -> None:
    """A machine whose clock starts in 1970, or ten years ahead, until the network tells it the time."""
    house.upload("before")
    house.wall = began
    house.start()
    house.upload("a")
    house.goes_on(60)
    house.wall = RIGHT + 120
    assert await house.left() == ["a", "before"]
    assert [record.msg["reason"] for record in caplog.records] == ["clock_set"]
    assert await house.left() == ["a", "before"]
    house.goes_on(KEEP)
    assert await house.left() == []


async def test_while_the_clock_is_not_set_nothing_goes(house: House) -> None:
    house.wall = 5.0
    house.start()
    house.upload("a")
    house.goes_on(KEEP)
    assert await house.left() == ["a"]
    house.wall = RIGHT
    house.start()
    assert await house.left() == ["a"], "another process, which saw nobody set the clock"


async def test_what_was_used_in_a_time_that_is_still_to_come_does_not_stay_until_then(house: House) -> None:
    house.wall = RIGHT + 3650 * DAY
    house.upload("a")
    house.wall = RIGHT
    house.start()
    assert await house.left() == ["a"]
    house.goes_on(KEEP)
    assert await house.left() == []


async def test_what_this_process_used_lately_stays_whatever_the_wall_clock_says(house: House) -> None:
    house.upload("a")
    house.goes_on(3600)
    assert house.films.unused(KEEP, house.wall + 10 * KEEP) == []


async def test_where_it_cannot_be_written_that_the_clock_was_set_it_is_at_the_next_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.wall = 5.0
    house.start()
    house.upload("a")
    house.start()
    house.wall = RIGHT
    with monkeypatch.context() as full:
        full.setattr(Films, "used_now", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await house.left()
    assert await house.left() == ["a"]
    assert house.films.get("a").used_at == house.wall


def test_a_job_that_was_put_off_under_a_clock_that_was_ahead_is_due(house: House) -> None:
    house.jobs.add("film", "caption", {})
    job = house.jobs.claim(60)
    assert job is not None
    house.wall += DAY
    house.jobs.give_back(job, after=2)
    assert house.jobs.claim(60) is None
    house.wall -= DAY
    again = house.jobs.claim(60)
    assert again is not None
    assert again.id == job.id


def test_a_film_of_the_year_2286_is_known(house: House) -> None:
    house.upload("a", FileVersion.of(SimpleNamespace(st_size=1, st_mtime_ns=10**19)))  # type: ignore[arg-type]
    assert house.films.get("a").version == (1, MOST)
