"""Media time of a stream whose stamps wrap, jump and lie. Pure; the reading process puts every packet through it.

    stamps    ... 95443.6  0.0  0.04 ...        the 33 bits of MPEG-TS are full: the same epoch goes on
    stamps    ... 12.0  9000.0  12.08 ...       one packet lies: it is stamped anew
    stamps    ... 12.0  0.0  0.04  0.08 ...     the sender began again: a new epoch

A stamp is believed where it moves on as the wall clock does, to JUMP seconds. That a stream is read faster or more slowly than it
was made is no jump: stamps then move by little while the clock moves by little.
"""

from dataclasses import dataclass

JUMP = 5.0
"""seconds by which a stamp may move otherwise than the clock"""
BELIEVED = 3
"""packets in a row that agree with each other: the stamps have moved for good"""
WRAPS = (2**33 / 90000, 2**32 / 90000)
"""seconds after which MPEG-TS and RTP (of video) count from 0 again"""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a packet stands."""

    time: float
    """seconds in its epoch; the first packet of an epoch has the time of its stamp"""
    epoch: int
    shift: float
    """what was added to the stamp: the same is to be added to the packet's other stamp"""


class Timeline:
    """Told each packet's stamp in the order in which they come."""

    def __init__(self, jump: float = JUMP) -> None:
        self.epoch = 0
        self.restamped = 0
        """packets whose stamps were not believed"""
        self._jump = jump
        self._shift = 0.0
        self._last: tuple[float, float] | None = None
        """time and arrival of the last packet"""
        self._doubted: list[tuple[float, float]] = []
        """stamp and arrival of packets that are not believed yet"""

    def see(self, stamp: float | None, arrival: float) -> Placed:
        """``stamp``: seconds, in decoding order; None where a packet has none. ``arrival``: seconds on the monotonic clock."""
        if self._last is None:
            stamp = 0.0 if stamp is None else stamp
            self._last = stamp, arrival
            return Placed(stamp, self.epoch, 0.0)
        time, before = self._last
        went_by = max(0.0, arrival - before)
        if stamp is None:
            return self._place(time + min(went_by, self._jump), arrival, None)
        for wrapped in (0.0, *WRAPS, *(-wrap for wrap in WRAPS)):
            step = stamp + self._shift + wrapped - time
            if abs(step) <= self._jump or abs(step - went_by) <= self._jump:
                self._shift += wrapped
                self._doubted.clear()
                return self._place(stamp + self._shift, arrival, stamp)
        if self._agrees(stamp, arrival):
            self._doubted.append((stamp, arrival))
        else:
            self._doubted = [(stamp, arrival)]
        if len(self._doubted) >= BELIEVED:
            self._doubted.clear()
            self.epoch += 1
            self._shift = 0.0
            return self._place(stamp, arrival, stamp)
        self.restamped += 1
        return self._place(time + min(went_by, self._jump), arrival, stamp)

    def _agrees(self, stamp: float, arrival: float) -> bool:
        if not self._doubted:
            return True
        last, then = self._doubted[-1]
        return abs(stamp - last) <= self._jump or abs(stamp - last - (arrival - then)) <= self._jump

    def _place(self, time: float, arrival: float, stamp: float | None) -> Placed:
        self._last = time, arrival
        return Placed(time, self.epoch, self._shift if stamp is None else time - stamp)
