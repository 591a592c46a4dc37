"""What is kept of recordings under a clock that is set, that is not set yet, and that goes on as it should."""

import os
from pathlib import Path

import pytest

from pipeline.live.outputs.keeping import EVERY, Keeping
from pipeline.live.wall import BOOTING

DAY = 86_400.0
DAYS = 7
RIGHT = 1_800_000_000.0


class Yard:
    """A folder of recordings; ``wall`` may be set, ``steady`` only goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wall, self.steady, self.count = folder, RIGHT, 1000.0, 0
        self.start()

    def start(self, *, days: float | None = DAYS, most_bytes: float | None = None) -> None:
        """A run, of which nothing is left of the one before."""
        self.keeping = Keeping(self.folder, most_bytes=most_bytes, days=days, wall=lambda: self.wall, clock=lambda: self.steady)

    def goes_on(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def record(self, name: str, stream: str = "cam") -> None:
        """A film, called by when it was recorded as the wall clock says; ``name`` is what is in it."""
        self.count += 1
        film = self.folder / f"{stream}.{20000101 + int(self.wall / DAY) % 1000:08}T000000Z-{self.count}.ts"
        self.keeping.records(film)
        film.write_text(name)
        film.with_suffix(".descriptions.json").write_text("{}")
        os.utime(film, (self.wall, self.wall))
        self.keeping.records(film)

    def left(self) -> list[str]:
        """What is there after a look, the oldest first by how they were numbered."""
        self.keeping.tidy("cam", ())
        films = sorted(self.folder.glob("*.ts"), key=lambda film: int(film.stem.rsplit("-", 1)[1]))
        assert len(list(self.folder.iterdir())) == 2 * len(films), "a description without its film, or the other way round"
        return [film.read_text() for film in films]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_each_goes_when_it_is_old_whatever_run_recorded_it(yard: Yard) -> None:
    yard.record("a")
    yard.goes_on(DAY)
    yard.start()
    yard.record("b")
    yard.goes_on((DAYS - 1) * DAY - 1)
    assert yard.left() == ["a", "b"]
    yard.goes_on(2)
    assert yard.left() == ["b"]
    yard.goes_on(DAY)
    assert yard.left() == []


@pytest.mark.parametrize("step", [3650 * DAY, DAY * (DAYS + 1), 3600.0, -3600.0, -30 * DAY, -RIGHT])
@pytest.mark.parametrize("back", [False, True])
def test_a_clock_that_is_set_makes_nothing_older(yard: Yard, step: float, back: bool) -> None:
    """Forward by years, back to 1970; and set right again, or not."""
    yard.record("earlier")
    yard.goes_on(DAY)
    yard.start()
    yard.record("mine")
    yard.goes_on(3 * DAY)
    assert yard.left() == ["earlier", "mine"]
    yard.wall += step
    assert yard.left() == ["earlier", "mine"]
    if back:
        yard.wall -= step
    assert yard.left() == ["earlier", "mine"]
    yard.goes_on(3 * DAY - 10)
    assert yard.left() == ["earlier", "mine"]
    yard.goes_on(20 + 3600)  # of two ages that may be true the lesser counts
    unset = step == -RIGHT and not back
    assert yard.left() == (["earlier", "mine"] if unset else ["mine"])
    yard.goes_on(DAY)
    assert yard.left() == (["earlier"] if unset else [])


def test_the_next_run_knows_the_age_of_what_was_kept(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    yard.record("earlier")
    yard.goes_on(DAY)
    yard.start()
    yard.record("mine")
    yard.wall += 3650 * DAY
    assert yard.left() == ["earlier", "mine"]
    assert [(record.msg["reason"], record.msg["by_seconds"]) for record in caplog.records] == [("clock_set", 3650 * DAY)]
    yard.start()
    yard.goes_on((DAYS - 1) * DAY - 10)
    assert yard.left() == ["earlier", "mine"]
    yard.goes_on(20)
    assert yard.left() == ["mine"]
    yard.goes_on(DAY)
    assert yard.left() == []
    assert len(caplog.records) == 1


@pytest.mark.parametrize("began", [5.0, RIGHT + 3650 * DAY])
def test_a_machine_that_starts_with_a_wrong_clock_keeps_what_it_has_for_as_long_as_it_should(yard: Yard, began: float) -> None:
    """A small one, whose clock starts in 1970 or ten years ahead, until the network tells it the time; at every start."""
    yard.record("a")
    for day in range(1, DAYS):
        yard.goes_on(DAY - 120)
        right, yard.wall = yard.wall, began
        yard.start()
        assert yard.left() == ["a"], day
        yard.goes_on(120)
        assert yard.left() == ["a"], day
        yard.wall = right + 120
        assert yard.left() == ["a"], day
    yard.goes_on(DAY - 60)
    assert yard.left() == ["a"]
    yard.goes_on(120)
    assert yard.left() == []


@pytest.mark.parametrize("then", [5.0, RIGHT + 3650 * DAY])
def test_what_was_recorded_under_a_wrong_clock_in_another_run_goes_after_its_days(
    yard: Yard, then: float, caplog: pytest.LogCaptureFixture
) -> None:
    """It went at once, or stayed until that time came."""
    yard.wall = then
    yard.start()
    yard.record("a")
    yard.wall = RIGHT
    yard.start()
    yard.goes_on(BOOTING + 1)
    assert yard.left() == ["a"]
    assert [record.msg["reason"] for record in caplog.records] == ["clock_set"]
    yard.goes_on(DAYS * DAY)
    assert yard.left() == []
    assert len(caplog.records) == 1


def test_small_steps_are_believed_and_said_when_they_have_become_large(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    yard.record("a")
    yard.start()
    for _ in range(5):
        yard.goes_on(60)
        yard.wall += 55
        assert yard.left() == ["a"]
    assert not caplog.records
    yard.wall += 55
    assert yard.left() == ["a"]
    assert [(record.msg["reason"], record.msg["by_seconds"]) for record in caplog.records] == [("clock_set", 330)]


def test_the_oldest_go_first_whatever_they_are_called(yard: Yard) -> None:
    """By their names those went that had just been recorded, after the clock was set back."""
    yard.start(days=None, most_bytes=3)
    yard.record("a")
    yard.goes_on(60)
    yard.record("b")
    yard.goes_on(60)
    yard.start(days=None, most_bytes=3)
    yard.wall -= 400 * DAY
    for name in "cd":
        yard.record(name)
        yard.goes_on(60)
    assert yard.left() == ["b", "c", "d"]
    yard.start(days=None, most_bytes=3)
    yard.record("e")
    assert yard.left() == ["c", "d", "e"]


def test_nothing_of_an_earlier_run_goes_before_a_machine_may_have_set_its_clock(yard: Yard) -> None:
    yard.record("a")
    yard.wall += 3650 * DAY
    yard.start()
    yard.goes_on(BOOTING - 1)
    assert yard.left() == ["a"]
    yard.wall -= 3650 * DAY
    assert yard.left() == ["a"]
    yard.goes_on(60)
    assert yard.left() == ["a"]


def test_a_stream_that_is_away_is_looked_at_now_and_then(yard: Yard) -> None:
    """Of a camera that was gone what it had left stayed for as long as it was."""
    assert not yard.keeping.due("cam")
    yard.goes_on(EVERY + 1)
    assert yard.keeping.due("cam")
    yard.left()
    assert not yard.keeping.due("cam")
    yard.start(days=None)
    yard.goes_on(EVERY + 1)
    assert not yard.keeping.due("cam")


def test_a_film_that_somebody_takes_away_meanwhile_stops_nothing(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.record("a")
    yard.record("b")
    yard.goes_on(DAYS * DAY + 1)
    real, gone = Path.stat, next(yard.folder.glob("*-1.ts"))

    def stat(path: Path, **more: bool) -> os.stat_result:
        if path == gone:
            gone.unlink(missing_ok=True)
            gone.with_suffix(".descriptions.json").unlink(missing_ok=True)
        return real(path, **more)

    monkeypatch.setattr(Path, "stat", stat)
    yard.keeping.tidy("cam", ())
    monkeypatch.undo()
    assert yard.left() == []
