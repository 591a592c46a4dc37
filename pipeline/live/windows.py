"""Where a live description begins and ends: windows of one length on the stream's clock, each stream at its own moment. Pure.

    gate   |----|----|----|----          seconds=4, phase 0
    yard   |-|----|----|----|---         the same, 2 s later: four streams that close at once are what a queue is made of

A window is closed by the first picture at or after its end, or by whoever looks at the clock when none came (``expire``).

The first window of an epoch is short, so that who waits for a stream that is back has a description soon; the second one ends at the
stream's own moment again. A loss or a jump may end any early.
"""

from pipeline.types import Span

SHORTEST = 1.0
"""seconds of the first window of an epoch, at least; half a window, where that is less"""
SOON = 2.0
"""seconds of it, at most"""


class Windows:
    """The windows of one stream."""

    def __init__(self, seconds: float, phase: float = 0.0) -> None:
        self.seconds, self._phase = seconds, phase
        self._start: float | None = None
        self._end = self._moment = 0.0

    @property
    def edge(self) -> float | None:
        """Where the open window begins: all before it is settled. None: no epoch has begun."""
        return self._start

    @property
    def end(self) -> float:
        return self._end

    def begin(self, start: float, arrival: float) -> None:
        """An epoch begins with a picture that came at ``arrival`` on the clock that all streams share."""
        first = (self._phase - arrival) % self.seconds
        shortest = min(SHORTEST, self.seconds / 2)
        self._moment = start + first
        self._start = start
        # a second window that would be a splinter takes of the first
        self._end = start + (SOON if first > SOON + shortest else first / 2 if first > SOON else max(first, shortest))

    def reach(self, time: float) -> list[Span]:
        """A picture of this time is there: the windows that it closes."""
        closed: list[Span] = []
        while self._start is not None and time >= self._end:
            closed.append((self._start, self._end))
            while self._moment <= self._end:
                self._moment += self.seconds
            self._start, self._end = self._end, self._moment
        return closed

    def finish(self, end: float) -> list[Span]:
        """The epoch ends: all up to there."""
        closed = self.reach(end)
        if self._start is not None and end > self._start:
            closed.append((self._start, end))
        self._start = None
        return closed
