"""Inline SVG by numbers alone: the plot of what was in flight, and where things stand on a film's timeline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SIDE = 100.0
"""the plot is a square of so many units, which the page stretches: a place in it is a percentage, for the labels around it too"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What the template draws."""

    area: str
    """path of windows in flight, down to the ground"""
    waiting: str
    """path of decoded windows that wait for room"""
    ticks_x: tuple[tuple[float, str], ...]
    ticks_y: tuple[tuple[float, str], ...]
    limit: float
    """y of the bound on windows in flight; negative where it lies above the picture"""
    loading: tuple[tuple[float, float], ...]
    """(x, width) of the stretches while the model was loading"""
    peak: int
    limit_count: int


def plot(
    points: Sequence[tuple[float, int, int]], seconds: float, limit: int, loading: Sequence[tuple[float, float]] = ()
) -> Plot:
    """A step plot of (seconds, in flight, waiting) over ``seconds``; ``loading``: from when to when the model was."""
    seconds = max(seconds, 0.001)
    peak = max((count for _, count, _ in points), default=0)
    highest = max([1, *(max(count, waiting) for _, count, waiting in points)])
    top = limit if limit <= 2 * highest else highest

    def x(at: float) -> float:
        return round(SIDE * min(at / seconds, 1), 2)

    def y(count: float) -> float:
        return round(SIDE * (1 - 0.94 * count / top), 2)

    def steps(values: Sequence[tuple[float, int]]) -> str:
        path, last = f"M{x(0)},{y(0)}", -1
        for at, count in values:
            if count != last:
                path += f"H{x(at)}V{y(count)}"
                last = count
        return f"{path}H{x(seconds)}"

    every_x, every_y = nice(seconds / 6), max(1, math.ceil(nice(top / 4)))
    return Plot(
        area=f"{steps([(at, count) for at, count, _ in points])}V{y(0)}Z",
        waiting=steps([(at, waiting) for at, _, waiting in points]),
        ticks_x=tuple((x(n * every_x), f"{n * every_x:g} s") for n in range(int(seconds / every_x) + 1)),
        ticks_y=tuple((y(count), str(count)) for count in range(0, top + 1, every_y)),
        limit=y(limit),
        loading=tuple((x(max(start, 0)), round(x(end) - x(max(start, 0)), 2)) for start, end in loading if end > 0),
        peak=peak,
        limit_count=limit,
    )


def nice(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... that is no less."""
    power = float(10.0 ** math.floor(math.log10(max(value, 1e-6))))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * 0.999)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the timeline, in % of its width."""

    left: float
    width: float


def span(start: float, end: float, length: float) -> Span:
    """Where [start, end) lies on a timeline of ``length`` seconds; never outside of it, never too thin to be seen."""
    length = max(length, 0.001)
    left = min(max(start / length, 0.0), 1.0) * 100
    right = min(max(end / length, 0.0), 1.0) * 100
    return Span(round(min(left, 99.9), 3), round(max(right - left, 0.1), 3))
