"""Which frames are looked at before the windows are known, and which of those that have come belong to a window."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Frame
from pipeline.samplers.base import Sampler
from pipeline.types import Span

MOORED = 4 / 3
"""steps between the last candidate of a group of pictures and the keyframe that comes after it"""
SHORT = 16
"""steps under which a group of pictures is short: to leave out its end saves much of it"""
OnScreen = Callable[[NDArray[np.float64]], NDArray[np.int64]]
"""ranks of the frames that are shown at these times"""


def time_of(frame: Frame) -> float:
    """For bisection."""
    return frame.time


def nearest(span: Span, held: list[Frame], sampler: Sampler, keyframes: list[float], on_screen: OnScreen) -> list[Frame]:
    """Of the samples in a span, those nearest to where the sampler looks; each is taken once.

    A picture that came before the span and stands at the first look (a slide) is one of them: it is what is seen there.
    """
    a, b = bisect_left(held, span[0], key=time_of), bisect_left(held, span[1], key=time_of)
    keys = keyframes[bisect_left(keyframes, span[0]) : bisect_left(keyframes, span[1])]
    looks = sampler.times(*span, keys) or [span[0]]
    begins, *seen = on_screen(np.array([span[0], *looks])).tolist()
    if a and held[a - 1].index == begins == seen[0]:
        a -= 1
    inside = held[a:b]
    if not inside:
        return []
    times = [max(span[0], frame.time) for frame in inside]
    if len(looks) >= len(inside):
        return inside
    places: list[int] = []
    for left, look, shown in zip(range(len(looks) - 1, -1, -1), looks, seen, strict=True):
        at = bisect_right(times, look)
        near = min((i for i in (at - 1, at) if 0 <= i < len(times)), key=lambda i: abs(times[i] - look))
        near = at - 1 if at and inside[at - 1].index == shown else near
        places.append(min(max(near, places[-1] + 1 if places else 0), len(times) - 1 - left))
    return [inside[i] for i in places]


def candidates(first: float, end: float, step: float, keyframes: list[float], due: list[bool]) -> NDArray[np.float64]:
    """Times in seconds from first to end, at most a step apart, which cost little to see; ascending.

    K  x  x  x    K  x  x  x    K      a group of pictures is decoded up to the last one that is wanted

    ``due``: keyframes that come when the group before them has its usual length. Where groups are short, the last candidate is
    MOORED steps ahead of such a keyframe. (Shots begin at the others, so their ends are worth seeing.)
    """
    anchors, slack = [first], [0.0]
    for time, usual in zip(keyframes, due, strict=True):
        if time >= anchors[-1] + step:
            slack.append(MOORED if usual and time - anchors[-1] < SHORT * step else 1)
            anchors.append(time)
    parts = []
    for start, stop, ahead in zip(anchors, [*anchors[1:], end], [*slack[1:], 1], strict=True):
        last = max(0.0, stop - start - ahead * step)
        parts.append(np.linspace(start, start + last, math.ceil(last / step - 1e-6) + 1))
    return np.concatenate(parts)


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
