"""``scenes:min=2,max=10``: windows begin and end where shots do.

    shots     |---------|-|------|-----------------------------------------|
    windows   |---------|--------|-----------|-----------|---------|-------|
                         ^ too short: joins what follows  ^ too long: parts of max, the last two equal

A film is read once, so a long shot is cut before its end is known: whenever ``2 * max`` seconds of it have gone by
without a cut, its first ``max`` become a window. What is left at its end is one window, or two equal ones.
A picture that stands for longer than ``max`` (a slide) is one window, however long: it is described once.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from pipeline.types import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Windows of ``min`` to ``max`` seconds, longer only where one picture stands for longer."""

    min: Annotated[float, Field(ge=0.2, le=3600)] = 2.0
    max: Annotated[float, Field(ge=0.4, le=3600)] = 10.0
    needs_cuts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.max < 2 * self.min:
            raise ValueError("max must be at least twice min")

    @property
    def shortest(self) -> float:
        """``min``; a film that is shorter is one window."""
        return self.min

    @property
    def longest(self) -> float:
        return self.max

    def splitter(self, first: float) -> "Splitter":
        """Who turns cuts into windows while a film goes by, from its first frame's time."""
        return Splitter(rule=self, start=first, last=first)


@dataclass(slots=True, kw_only=True)
class Splitter:
    """Told what is seen in order of time, it answers with the windows that are settled by it."""

    rule: Rule
    start: float
    """of the shot that goes on"""
    last: float
    """time of the last sample"""
    held: Span | None = None
    """the last window: it may have to take in a short end of the film"""
    shots: list[float] = field(default_factory=list)
    event: float = -math.inf
    """when something last happened: a cut, or the end of a picture that stood"""
    calm: float = math.inf
    """seconds without one before the last cut"""

    def sample(self, time: float) -> list[Span]:
        """A frame without a cut right before it."""
        settled: list[Span] = []
        if time - self.last > self.rule.max:
            settled += self._stand(time)
        while time - self.start >= 2 * self.rule.max:
            settled += self._hold(self.start, self.start + self.rule.max)
            self.start = round(self.start + self.rule.max, 6)
        self.last = time
        if self.held and time - self.start >= self.rule.min:
            settled.append(self.held)
            self.held = None
        return settled

    def cut(self, time: float) -> list[Span]:
        """The first frame of a new shot."""
        self.shots.append(time)
        self.calm, self.event = time - self.event, time
        if time - self.last > self.rule.max:
            return self._stand(time)
        return self._close(time) if time - self.start >= self.rule.min else []

    def independent_of(self, before: float) -> bool:
        """``min`` seconds without a cut or a picture that stood: then a cut begins a window. (Parts of a long shot are longer.)"""
        return min(self.calm, self.event - before) >= self.rule.min

    def finish(self, end: float) -> list[Span]:
        """The film is over."""
        settled = self._stand(end) if end - self.last > self.rule.max else []
        if 0 < end - self.start < self.rule.min and self.held:
            start, stood = self.held[0], self.held[1] - self.held[0] > self.rule.max + 1e-6
            self.start, self.held = start, None
            if stood:  # one picture for longer than max stays one window, with the film's short end
                return [*settled, (start, round(end, 6))]
        settled += self._close(end) if end > self.start else []
        return settled + ([self.held] if self.held else [])

    def _stand(self, end: float) -> list[Span]:
        """The last sample's picture has stood until now, longer than a window may be."""
        settled = self._close(self.last) if self.last - self.start >= self.rule.min else []
        settled += self._hold(self.start, end)
        self.start = self.last = self.event = end
        return settled

    def _close(self, end: float) -> list[Span]:
        """End the shot here: one window, or equal parts."""
        start, parts = self.start, max(1, math.ceil((end - self.start) / self.rule.max - 1e-6))
        edges = [round(start + i * (end - start) / parts, 6) for i in range(parts)] + [end]
        settled: list[Span] = []
        for a, b in pairwise(edges):
            settled += self._hold(a, b)
        self.start = end
        return settled

    def _hold(self, start: float, end: float) -> list[Span]:
        before, self.held = self.held, (round(start, 6), round(end, 6))
        return [before] if before else []
