"""UTC by reports, the pace of pictures, the pictures that are kept, the wait after a loss."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.live.backoff import Backoff
from pipeline.live.outputs.rendition import Rendition
from pipeline.live.pace import Pace
from pipeline.live.pieces import Piece
from pipeline.live.utc import LEAP, PACE, Forward, Step, UtcClock
from pipeline.live.wall import Wall
from pipeline.video.live.sampling import Ticks

T = 1.8e9


def test_arrival_until_the_sender_reports() -> None:
    clock = UtcClock()
    clock.arrived(5.0, T + 5.2)
    assert clock.at(6.0) == (pytest.approx(T + 6.2), "arrival")
    clock.report(1, 5.0, T + 5.0, "rtcp")
    assert clock.at(6.0) == (pytest.approx(T + 6.0), "rtcp")
    assert clock.skew == pytest.approx(0.2)


def test_one_report_that_disagrees_moves_nothing_and_two_are_a_step() -> None:
    clock = UtcClock(most=10000)
    clock.arrived(0.0, T)
    clock.report(1, 0.0, T, "rtcp")
    assert clock.report(2, 5.0, T + 5 - 7200, "rtcp") is None
    assert clock.report(2, 5.5, T + 5.5 - 7200, "rtcp") is None  # the same report once more
    assert clock.at(6.0)[0] == pytest.approx(T + 6)
    assert clock.report(3, 10.0, T + 10 - 7200, "rtcp") == Step(pytest.approx(-7200))
    assert clock.at(11.0)[0] == pytest.approx(T + 11 - 7200)


def test_a_clock_that_was_never_set_is_not_believed() -> None:
    clock = UtcClock(most=10)
    clock.arrived(0.0, T)
    clock.report(1, 0.0, 1000.0, "rtcp")
    assert clock.at(2.0) == (pytest.approx(T + 2), "arrival")


def test_our_own_clock_is_set() -> None:
    now = [100.0, T]
    wall = Wall(lambda: now[0], lambda: now[1])
    now[0], now[1] = 110.0, T + 10.001
    assert wall.look() == 0
    now[0], now[1] = 120.0, T + 20 + 3600
    assert wall.look() == pytest.approx(3600, abs=0.01)
    assert wall.utc(120.0) == pytest.approx(T + 3620)


def test_a_camera_is_overdue_soon_and_a_burst_is_not() -> None:
    camera, bursts = Pace(), Pace()
    for n in range(40):
        camera.came(100 + n * 0.5, n * 0.5)
        bursts.came(100 + n // 12 * 6.0, n * 0.5)
    assert not camera.overdue(120.0, 20.0)
    assert camera.overdue(120.4, 20.0)
    assert not bursts.overdue(124.5, 20.0)


def test_before_two_pictures_have_come_a_second_is_waited() -> None:
    """The first ones came while it was found out what the stream is, and are told late: that is no pause of the camera."""
    pace = Pace()
    pace.last = 100.0
    pace.came(99.2, 0.0)
    assert not pace.overdue(100.9, 1.0)
    assert pace.overdue(101.1, 1.0)


def test_a_stream_that_is_slower_than_the_clock_is_not_overdue_for_ever() -> None:
    pace = Pace()
    for n in range(2000):
        pace.came(100 + n * 1.0, n * 0.5)
    assert not pace.overdue(100 + 1999.2, 1999 * 0.5 + 0.4)


@given(st.integers(1, 60), st.floats(0.5, 8), st.floats(0, 10))
def test_one_picture_a_tick_and_always_the_last_before_it(rate: int, fps: float, phase: float) -> None:
    ticks: Ticks[int] = Ticks(fps, phase)
    kept = []
    for n in range(rate * 10):
        found = ticks.see(n / rate, 50 + n / rate, n)
        if found is not None:
            assert found == n - 1  # the next one had to come first
            kept.append(found)
    assert kept == sorted(set(kept))
    assert len(kept) <= 10 * fps + 2
    if rate > 2 * fps:
        assert len(kept) >= 10 * fps - 2


def test_a_picture_is_kept_without_the_next_one() -> None:
    ticks: Ticks[str] = Ticks(2.0, 0.0)
    ticks.see(0.0, 50.0, "a")
    ticks.see(0.4, 50.4, "b")
    assert ticks.wait(50.5) is None
    assert ticks.wait(50.7) == "b"
    assert ticks.wait(51.0) is None
    assert ticks.see(0.6, 51.1, "c") is None
    assert ticks.end() == "c"


def test_waits_grow_and_are_never_longer_than_their_bound() -> None:
    backoff = Backoff(dice=lambda: 1.0)
    assert [backoff.failed("source_lost", gone) for gone in (0, 2, 10, 59, 61, 70, 90, 120, 200, 300)] == [
        0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 24.0, 30.0, 30.0
    ]  # fmt: skip
    backoff.healthy()
    assert backoff.failed("source_lost", 0.0) == 0.2


def test_cameras_lock_accounts() -> None:
    backoff = Backoff(dice=lambda: 0.0)
    assert backoff.failed("not_authorized", 0.0) == 30.0


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 10.0), st.floats(-60.0, 5.0)), min_size=1))
def test_what_is_told_by_arrival_goes_on_and_is_never_ahead_of_our_clock(stretches: list[tuple[float, float, float]]) -> None:
    """Seconds that go by, seconds that are told of then, and how far from now they are thought to have begun."""
    forward, now, edge = Forward(), 1000.0, 0.0
    for goes_by, seconds, begin in stretches:
        now += goes_by
        start, end = forward.span(now + begin, seconds, now)
        assert edge <= start <= end <= now
        edge = end


def test_a_camera_is_told_of_as_it_comes() -> None:
    forward = Forward()
    assert [forward.span(100.0 + n, 1.0, 101.3 + n) for n in range(3)] == [(100.0 + n, 101.0 + n) for n in range(3)]


def dates(offsets: list[float]) -> list[float]:
    """By how many seconds the date of each segment (2 s, in one playlist after the other) is off its time on the stream's clock."""
    rendition = Rendition(first=1, late=True, patience=1.0, layout=lambda *_: ())
    found: dict[int, float] = {}
    for number, offset in enumerate(offsets):
        start = 2.0 * number
        rendition.picture(
            Piece(
                stream="cam",
                epoch=1,
                start=start,
                end=start + 2.0,
                utc=1.7e9 + start + offset,
                stamp=start,
                keyed=True,
                data=b"x",
            ),
            start,
        )
        rendition.due(start)
        found |= {segment.number: segment.utc - 1.7e9 - segment.start for segment in rendition.segments}
    return [found[number] for number in sorted(found)]


@given(st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=30))
def test_dates_of_segments_go_on_whenever_pictures_came(offsets: list[float]) -> None:
    found = dates(offsets)
    assert len(found) == len(offsets)
    assert all(abs(after - before) <= PACE + 1e-5 for before, after in pairwise(found))


def test_a_date_is_put_right_in_the_end_and_a_clock_that_was_moved_is_believed_at_once() -> None:
    assert dates([0.0] + [-0.9] * 6)[-1] == pytest.approx(-0.9, abs=1e-5)
    assert dates([0.0, LEAP + 1])[-1] == pytest.approx(LEAP + 1, abs=1e-5)
