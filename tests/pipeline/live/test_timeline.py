"""Stamps that wrap, jump and lie, and what becomes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.video.live.timeline import JUMP, WRAPS, Timeline

STEP = 0.04


def walk(stamps: list[float], step: float = STEP, start: float = 100.0) -> tuple[list[float], list[int]]:
    """Times and epochs of stamps that come ``step`` apart."""
    timeline = Timeline()
    placed = [timeline.see(stamp, start + n * step) for n, stamp in enumerate(stamps)]
    return [one.time for one in placed], [one.epoch for one in placed]


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_wrap_is_not_seen(wrap: float) -> None:
    stamps = [(wrap - 1 + n * STEP) % wrap for n in range(100)]
    times, epochs = walk(stamps)
    assert set(epochs) == {0}
    assert times == pytest.approx([wrap - 1 + n * STEP for n in range(100)], abs=1e-6)


def test_a_second_wrap_is_not_seen_either() -> None:
    wrap, step = WRAPS[0], 3.0
    stamps = [(wrap - 60 + n * step) % wrap for n in range(int(2.2 * wrap / step))]
    timeline = Timeline()
    last = [timeline.see(stamp, n * step) for n, stamp in enumerate(stamps)][-1]
    assert last.epoch == 0
    assert last.time == pytest.approx(wrap - 60 + (len(stamps) - 1) * step)


def test_one_lie_is_stamped_anew_and_changes_nothing_after_it() -> None:
    stamps = [n * STEP for n in range(50)]
    stamps[20] += 9000
    times, epochs = walk(stamps)
    assert set(epochs) == {0}
    assert times == pytest.approx([n * STEP for n in range(50)], abs=STEP)
    assert times[30:] == pytest.approx(stamps[30:])


@pytest.mark.parametrize("jump", [3600.0, -3600.0, -7.0, 6.0])
def test_three_that_agree_are_a_new_epoch(jump: float) -> None:
    stamps = [10000 + n * STEP + (jump if n >= 25 else 0) for n in range(50)]
    times, epochs = walk(stamps)
    assert epochs == [0] * 27 + [1] * 23
    assert times[27:] == pytest.approx(stamps[27:])


@given(st.lists(st.floats(0.001, JUMP - 0.1), min_size=2, max_size=60), st.floats(0, 1e5), st.booleans())
def test_what_moves_with_the_clock_or_faster_is_one_epoch(steps: list[float], first: float, at_once: bool) -> None:
    """A pipe gives a film as fast as it is read: no jump, whatever the pace."""
    stamps, arrivals = [first], [50.0]
    for step in steps:
        stamps.append(stamps[-1] + step)
        arrivals.append(arrivals[-1] + (0.0 if at_once else step))
    timeline = Timeline()
    placed = [timeline.see(stamp, arrival) for stamp, arrival in zip(stamps, arrivals, strict=True)]
    assert {one.epoch for one in placed} == {0}
    assert [one.time for one in placed] == pytest.approx(stamps)


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=80))
def test_whatever_comes_time_is_never_far_from_the_clock_inside_an_epoch(stamps: list[float | None]) -> None:
    timeline, before = Timeline(), None
    for n, stamp in enumerate(stamps):
        placed = timeline.see(stamp, 10.0 + n * STEP)
        if before is not None and placed.epoch == before.epoch:
            assert abs(placed.time - before.time) <= JUMP + STEP
        if stamp is not None:
            assert placed.time == pytest.approx(stamp + placed.shift, abs=1e-6)
        before = placed
