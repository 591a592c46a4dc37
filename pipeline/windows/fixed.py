"""``fixed:seconds=8,overlap=0``: windows of one length, whatever is seen.

|--------|--------|-----|      seconds=8: the last one ends with the film
|--------|
      |--------|               overlap=2

A rest under a tenth of a window joins the last one, so a window is settled when a tenth more of the film has gone by.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from pipeline.types import Span

REST = 0.1
"""of a window: a shorter one at the film's end joins the one before"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Windows of ``seconds``, each beginning ``overlap`` before the last one ends."""

    seconds: Annotated[float, Field(ge=0.1, le=86400)] = 8.0
    overlap: Annotated[float, Field(ge=0)] = 0.0
    needs_cuts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.overlap > 0.9 * self.seconds:
            raise ValueError("overlap must be at most nine tenths of seconds")

    @property
    def shortest(self) -> float:
        """The last window may be so short."""
        return REST * self.seconds

    @property
    def longest(self) -> float:
        return self.seconds

    def splitter(self, first: float) -> "Splitter":
        """For a film that is shown from ``first`` on."""
        return Splitter(rule=self, first=first)


@dataclass(slots=True, kw_only=True)
class Splitter:
    """Counts windows, so that no error of rounding adds up in a long film."""

    rule: Rule
    first: float
    count: int = 0
    """windows settled"""

    def sample(self, time: float) -> list[Span]:
        """The windows that have ended a tenth of their length before this time."""
        settled: list[Span] = []
        while time - self._next()[1] >= REST * self.rule.seconds:
            settled.append(self._settle(self._next()[1]))
        return settled

    def cut(self, time: float) -> list[Span]:
        """Nothing: shots don't matter here."""
        return []

    def finish(self, end: float) -> list[Span]:
        """What is left, the last one as long as the film is."""
        settled: list[Span] = []
        stop = self.first if self.count == 0 else self._next()[1] - (self.rule.seconds - self.rule.overlap)
        while self.count + len(settled) == 0 or stop < end:
            stop = min(self._next()[1], end)
            stop = end if end - stop < REST * self.rule.seconds else stop
            settled.append(self._settle(stop))
        return settled

    def _next(self) -> Span:
        start = self.first + self.count * (self.rule.seconds - self.rule.overlap)
        return start, start + self.rule.seconds

    def _settle(self, stop: float) -> Span:
        start = self._next()[0]
        self.count += 1
        return round(start, 6), round(stop, 6)
