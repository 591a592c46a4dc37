"""Which of the frames that have come belong to a window."""

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Frame

Span = tuple[float, float]


def time_of(frame: Frame) -> float:
    """For bisection."""
    return frame.time


def rounded(span: Span) -> Span:
    """To the millisecond, as windows are known by."""
    return round(span[0], 3), round(span[1], 3)


def nearest(span: Span, held: list[Frame], sampler: Any, keyframes: list[float]) -> list[Frame]:
    """Of the samples in a span, those nearest to where the sampler looks."""
    a, b = bisect_left(held, span[0], key=time_of), bisect_left(held, span[1], key=time_of)
    inside = held[a:b]
    if not inside:
        return []
    times = [frame.time for frame in inside]
    keys = keyframes[bisect_left(keyframes, span[0]) : bisect_left(keyframes, span[1])]
    places = set()
    for look in sampler.times(*span, keys):
        at = bisect_right(times, look)
        near = [i for i in (at - 1, at) if 0 <= i < len(times)]
        places.add(min(near, key=lambda i: abs(times[i] - look)))
    return [inside[i] for i in sorted(places)]


def these(held: dict[int, Frame], ranks: NDArray[np.int64], span: Span) -> list[int]:
    """Ranks of a window's frames: those asked for, and those that stand in for lost ones."""
    asked = set(ranks.tolist())
    return sorted(
        rank
        for rank, frame in held.items()
        if rank in asked or (asked and span[0] <= frame.time < span[1] and _stands_in(rank, asked, held))
    )


def _stands_in(rank: int, asked: set[int], held: dict[int, Frame]) -> bool:
    """Whether a frame that this window did not ask for came in place of one that it did: its predecessor is missing."""
    before = [want for want in asked if want < rank]
    return bool(before) and max(before) not in held


def joined(spans: list[Span], times: list[float]) -> list[Span]:
    """Spans in which no frame begins are joined to the one before: a picture that stands still is described once."""
    found: list[Span] = []
    for start, end in spans:
        if found and bisect_left(times, start) == bisect_left(times, end):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
