"""What was in flight over time: a step for each change of what the engine has, thinned so that a day's run takes no more than a minute's."""

import time

from pipeline.engine.engine import Engine

MOST = 4096
"""points kept; at twice that, each pair becomes its higher one"""


class Flow:
    """Listens to an engine. ``points``: (seconds since it began, windows in flight, decoded windows that wait)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.points: list[tuple[float, int, int]] = []
        self.apart = 0.0
        """seconds between two points, at least; grows as the run does"""
        self._since = time.monotonic()
        engine.on_change.append(self._note)

    def close(self) -> None:
        """Stop listening; the last point is now."""
        self.apart = 0.0
        self._note()
        if self._note in self.engine.on_change:
            self.engine.on_change.remove(self._note)

    def _note(self) -> None:
        self.add(time.monotonic() - self._since, self.engine.in_flight, self.engine.waiting)

    def add(self, at: float, count: int, waiting: int) -> None:
        """A point; one that comes too soon after the last raises it, if it is higher."""
        if self.points and at - self.points[-1][0] < self.apart:
            before, most, queued = self.points[-1]
            self.points[-1] = (before, max(most, count), max(queued, waiting))
            return
        self.points.append((at, count, waiting))
        if len(self.points) >= 2 * MOST:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [(a[0], max(a[1], b[1]), max(a[2], b[2])) for a, b in pairs]
            self.apart = max(self.apart * 2, (at - self.points[0][0]) / MOST)
