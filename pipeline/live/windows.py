"""Where a live description begins and ends: windows of one length on the stream's clock, each stream at its own moment. Pure.

    gate   |----|----|----|----          seconds=4, phase 0
    yard   |-|----|----|----|---         the same, 2 s later: four streams that close at once are what a queue is made of

A window is closed by the first picture at or after its end, or by whoever looks at the clock when none came (``expire``).
"""

SHORTEST = 1.0
"""seconds of the first window of an epoch, at least, and it is never longer than one window: who waits for a stream that is back waits
no longer than for any other. The second one is shorter by what the first took over its moment; a loss or a jump may end any early"""

Span = tuple[float, float]
"""[start, end) in seconds on the stream's clock"""


class Windows:
    """The windows of one stream."""

    def __init__(self, seconds: float, phase: float = 0.0) -> None:
        self.seconds, self._phase = seconds, phase
        self._start: float | None = None
        self._end = self._late = 0.0

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
        self._start, self._end = start, start + max(first, shortest)
        self._late = max(0.0, shortest - first)

    def reach(self, time: float) -> list[Span]:
        """A picture of this time is there: the windows that it closes."""
        closed: list[Span] = []
        while self._start is not None and time >= self._end:
            closed.append((self._start, self._end))
            self._start, self._end = self._end, self._end + self.seconds - self._late
            self._late = 0.0
        return closed

    def finish(self, end: float) -> list[Span]:
        """The epoch ends: all up to there."""
        closed = self.reach(end)
        if self._start is not None and end > self._start:
            closed.append((self._start, end))
        self._start = None
        return closed
