"""Our wall clock, which may be set while we run: everything inside is on the monotonic clock, and UTC is said of it here."""

import time
from collections.abc import Callable

MOVED = 0.5
"""seconds: a smaller difference is drift, which is followed in silence"""


class Wall:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._offset = wall() - monotonic()

    def utc(self, moment: float) -> float:
        """Seconds since 1970 of a time on the monotonic clock."""
        return moment + self._offset

    def look(self) -> float:
        """Follow the wall clock. Answers the seconds that it was moved by, 0 where it was not."""
        offset = self._wall() - self._monotonic()
        apart, self._offset = offset - self._offset, offset
        return apart if abs(apart) > MOVED else 0.0
