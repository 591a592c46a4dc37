"""Our wall clock, which may be set while we run: everything inside is on the monotonic clock, and UTC is said of it here."""

import time
from collections.abc import Callable

MOVED = 0.5
"""seconds: a smaller difference is drift, which is followed in silence"""
SET = 300.0
"""seconds that the wall clock may differ from a steady one and be believed by what is removed because of its age"""
UNSET = 1e9
"""seconds since 1970: what is said to be of before was made when the clock was not set yet"""
AHEAD = 86_400.0
"""seconds: what is said to be of later than that was made when the clock was ahead"""
BOOTING = 600.0
"""seconds in which a machine that has just started may set its clock: nothing is removed for its age before"""


def steady() -> float:
    """Seconds since some moment, by a clock that nobody can set; they go on while the machine sleeps, where the system counts them so."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


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
