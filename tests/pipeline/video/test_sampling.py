"""Which frames are looked at before the windows are known, and which of them a window gets."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.families import parse
from pipeline.frames import Frame
from pipeline.video.sampling import MOORED, SHORT, candidates, nearest


def none_stands(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Every frame gives way to the next at once."""
    return np.full(len(times), -1)


steps = st.floats(0.02, 3)
keyframes = st.lists(st.floats(0, 60), max_size=40, unique=True).map(sorted)


@given(keyframes, steps, st.floats(0.1, 60), st.booleans())
def test_candidates_lie_close_and_ahead_of_keyframes(keys: list[float], step: float, length: float, due: bool) -> None:
    keys = [key for key in keys if key < length]
    times = candidates(0.0, length, step, keys, [due] * len(keys))
    most = (MOORED if due else 1) * step
    assert times[0] == 0
    assert np.all(np.diff(times) > 0)
    assert length - times[-1] <= step + 1e-6
    entered = [0.0, *(key for key in keys if key > 0 and key in times)]
    for one, other in pairwise(entered):
        assert other - one >= step
        inside = times[(times >= one) & (times < other)]
        assert np.all(np.diff(inside) <= step + 1e-6)
        assert other - inside[-1] <= max(most, step) + 1e-6
        assert len(inside) == 1 or other - inside[-1] >= (most if other - one < SHORT * step else step) - 1e-6


def test_candidates_cost_the_first_part_of_each_group() -> None:
    due = [True, True]
    assert candidates(0.0, 2.0, 0.25, [0.0, 1.0], due).tolist() == pytest.approx([0, 2 / 9, 4 / 9, 2 / 3, 1, 1.25, 1.5, 1.75])
    assert candidates(0.0, 2.0, 0.25, [0.0, 1.0], [True, False]).tolist() == np.arange(0, 2, 0.25).tolist()
    assert candidates(0.0, 20.0, 0.25, [0.0, 10.0], due).tolist() == np.arange(0, 20, 0.25).tolist()
    assert candidates(0.0, 4.0, 2.0, [0.0, 1.0, 2.0, 3.0], [True] * 4).tolist() == [0, 2]
    assert candidates(5.0, 5.1, 0.25, [5.0], [False]).tolist() == [5]


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60, unique=True).map(sorted), st.integers(1, 20))
@settings(deadline=None)
def test_each_frame_is_taken_once(times: list[float], count: int) -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    held = [Frame(image=image, time=time, index=i) for i, time in enumerate(times)]
    taken = nearest((0.0, 10.0), held, parse("samplers", f"uniform:count={count}"), [], none_stands)
    inside = [frame.index for frame in held if frame.time < 10]
    chosen = [frame.index for frame in taken]
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, len(inside))


def test_the_nearest_is_taken() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    held = [Frame(image=image, time=time, index=i) for i, time in enumerate([0.0, 0.9, 1.1, 2.6, 3.1, 3.9])]
    taken = nearest((0.0, 4.0), held, parse("samplers", "uniform:count=4"), [], none_stands)
    assert [frame.time for frame in taken] == [0.9, 1.1, 2.6, 3.1]
