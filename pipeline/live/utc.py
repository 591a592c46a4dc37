"""When a picture was taken, in UTC: as its sender says where it does, else when it came. Pure.

    time + offset = UTC        the offset follows the sender's reports, and only when two of them agree

A sender that steps its clock, or one whose stamps jump, is wrong until its next report; so one report alone moves nothing, but
for the first. A clock that is further from ours than ``most`` is a camera's that was never set: then arrival counts.
"""

from dataclasses import dataclass
from typing import Literal

Origin = Literal["rtcp", "pdt", "v4l2", "arrival"]

ALIKE = 0.25
"""seconds within which two reports agree"""
SMOOTH = 0.05
"""of a difference under that, taken over with each report: senders' clocks drift"""
PACE = 0.2
"""seconds by which a date may be put right from one segment to the next"""
LEAP = 5.0
"""seconds from which on a difference is a clock that was moved"""


@dataclass(frozen=True, slots=True)
class Step:
    """The sender moved its clock."""

    seconds: float


class UtcClock:
    """One epoch's UTC. ``arrived`` is told with each frame; ``report`` where the sender says something."""

    def __init__(self, most: float = 10.0) -> None:
        self._most = most
        self._arrival: float | None = None
        """offset by arrival: the smallest that was seen, since what comes late was not made late"""
        self._offset: float | None = None
        self._origin: Origin = "arrival"
        self._heard: tuple[object, float] | None = None
        """the report before that was not believed: its id and its offset"""

    def arrived(self, time: float, utc: float) -> None:
        """A frame of this media time came at this UTC by our clock."""
        offset = utc - time
        if self._arrival is None or offset < self._arrival or offset - self._arrival > self._most:
            self._arrival = offset
        else:
            self._arrival += (offset - self._arrival) * 0.001  # our clocks drift apart: slowly follow

    def reset(self) -> None:
        """Our own wall clock was moved."""
        self._arrival = None

    def report(self, id: object, time: float, utc: float, origin: Origin) -> Step | None:
        """The sender says that the frame of this time was taken then; ``id`` tells one report from the next."""
        offset = utc - time
        if self._offset is None:
            self._offset, self._origin = offset, origin
            return None
        apart = offset - self._offset
        if abs(apart) <= ALIKE:
            self._offset += apart * SMOOTH
            self._heard = None
            return None
        if self._heard is not None and self._heard[0] != id and abs(self._heard[1] - offset) <= ALIKE:
            self._offset, self._origin, self._heard = offset, origin, None
            return Step(apart)
        if self._heard is None or self._heard[0] != id:
            self._heard = id, offset
        return None

    @property
    def skew(self) -> float:
        """Seconds that the sender's clock is behind arrival (transport, where both clocks are right)."""
        return self._arrival - self._offset if self._arrival is not None and self._offset is not None else 0.0

    def at(self, time: float) -> tuple[float, Origin]:
        """UTC of a media time, in seconds since 1970, and who says so."""
        if self._offset is not None and abs(self.skew) <= self._most:
            return time + self._offset, self._origin
        return time + (self._arrival or 0.0), "arrival"


class Forward:
    """UTC by arrival as it is told of one stretch after the other: never back, and never ahead of our clock.

    What comes at once (a pipe that was full, the first segments of HLS) was not taken when it came: each picture of it says that those
    before were taken earlier than was thought, and what was told of those stands.
    """

    def __init__(self) -> None:
        self._edge = float("-inf")

    def span(self, begin: float, seconds: float, now: float) -> tuple[float, float]:
        """When a stretch is told to have been that began at ``begin`` and lasted so long; shorter where there is no room for it."""
        start = max(min(begin, now), self._edge)
        self._edge = max(start, min(begin + seconds, now))
        return start, self._edge


def dated(expected: float, taken: float) -> float:
    """UTC of a segment that follows another one: where that one ends, nearer to when it was ``taken`` by ``PACE`` at most; a clock that was
    moved (``LEAP``) is believed at once.

    What is known of arrival gets better with each picture that comes earlier than those before, a second at once on a busy machine. Players
    put segments on one line by their dates, and take dates that do not go on for a gap or for one thing twice.
    """
    apart = taken - expected
    return taken if abs(apart) >= LEAP else expected + max(-PACE, min(PACE, apart))
