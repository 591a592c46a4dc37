"""What is lost of a film is told the same by one reader and by several who read a part each."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.types import Notice, VideoInfo
from pipeline.video.damage import joined, notices
from pipeline.video.table import Table

FRAMES = 100
INFO = VideoInfo(
    path=Path("film.mp4"), size=1, container="mpegts", codec="h264", duration=60.0, start=0.0, fps=2.0, width=64, height=48,
    reader="pyav", ends=60.0,
)  # fmt: skip


def table(holes: tuple[float, ...] = (), *, repaired: bool = False) -> Table:
    return Table(
        times=np.arange(FRAMES) / 2, packets=np.arange(FRAMES), pts=np.arange(FRAMES) + repaired * (np.arange(FRAMES) > 5) * 9,
        key=np.arange(FRAMES) % 10 == 0, sizes=np.ones(FRAMES, np.int32), end=FRAMES / 2, holes=holes, repaired=repaired,
    )  # fmt: skip


@given(
    st.sets(st.integers(0, FRAMES - 1)),
    st.lists(st.integers(0, FRAMES - 1), max_size=3),
    st.lists(st.floats(0, 50), max_size=3),
    st.booleans(),
)
@example({9, 10, 11}, [10], [], False)
@example({9}, [10], [5.5], False)
@example({0, 1}, [0], [3.0, 4.0], False)
def test_several_readers_tell_what_one_tells(damaged: set[int], borders: list[int], holes: list[float], repaired: bool) -> None:
    film = table(tuple(sorted(holes)), repaired=repaired)
    edges = [0, *sorted(borders), FRAMES]
    parts = [{rank for rank in damaged if a - 1 <= rank < b + 1} for a, b in pairwise(edges)]
    told = dict.fromkeys(one for part in parts for one in notices(INFO, film, part, ()))
    assert joined(tuple(told)) == notices(INFO, film, damaged, ())


def test_a_stretch_over_a_border_is_told_once_and_others_stay() -> None:
    film = table()
    first, second = notices(INFO, film, {8, 9}, ()), notices(INFO, film, {10, 11}, ())
    other = Notice(code="hdr", message="it is HDR")
    found = joined((other, *first[:1], *second[:1]))
    assert found == (other, replace(first[0], message="pictures between 4.0 s and 6.0 s are damaged or lost", end=6.0))
    assert second[0].end == pytest.approx(6.0)
