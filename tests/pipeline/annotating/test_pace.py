"""How much longer a run takes is told by what is left to do, not by how many things that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.annotating.pace import SPEED, Pace


def test_a_film_counts_for_what_it_weighs() -> None:
    pace = Pace()
    assert (pace.speed, pace.left(100.0)) == (0.0, None)
    pace.mark(0.0, 0, 0.0)
    pace.mark(10.0, 20, 20.0)
    assert (pace.speed, pace.left(600.0)) == (2.0, 300.0), "20 pictures in ten seconds; a film of 600 is left"
    pace.mark(20.0, 21, 620.0)
    assert pace.left(0.0) == 0.0
    assert pace.left(31.0) == pytest.approx(1.0)


@given(
    st.lists(st.tuples(st.floats(0.01, 10), st.integers(0, 50), st.floats(0, 1000)), min_size=2, max_size=40), st.floats(0, 1e6)
)
def test_only_the_last_half_minute_counts_and_nothing_is_negative(steps: list[tuple[float, int, float]], left: float) -> None:
    pace, marks = Pace(), list[tuple[float, int, float]]()
    now, items, weight = 0.0, 0, 0.0
    for seconds, more, heavier in steps:
        now, items, weight = now + seconds, items + more, weight + heavier
        pace.mark(now, items, weight)
        marks.append((now, items, weight))
    first = next(mark for mark in marks if now - mark[0] <= SPEED)
    assert pace.speed == pytest.approx((items - first[1]) / max(now - first[0], 1e-6))
    told = pace.left(left)
    assert told is None if weight == first[2] else told is not None and told >= 0
