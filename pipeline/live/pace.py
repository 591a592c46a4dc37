"""How a connection's pictures come, and so when one that does not come is overdue. Pure.

A camera gives one each tick; HLS gives six seconds at once and then none for six. ``offset`` is the least by which arrival was behind
the stream's clock: a window's end is expected there, and GRACE later (or half as long again as pictures ever stayed away in the last
minute) it is closed without its pictures.
"""

GRACE = 0.3
"""seconds"""
UNKNOWN = 1.0
"""seconds, as long as no two pictures have come"""
REMEMBERED = 60.0
"""seconds for which a pause is held to be usual"""
FOLLOW = 0.02
"""of a difference, taken over with each picture: a stream that is slower than the clock is no stalled one"""
LONGEST = 20.0
"""seconds between two pictures of the slowest source"""


class Pace:
    def __init__(self) -> None:
        self.last = 0.0
        """arrival of the newest picture"""
        self.end = 0.0
        """time of the newest picture, on the stream's clock"""
        self.step = 0.0
        """seconds between two pictures, on the stream's clock"""
        self._offset: float | None = None
        self._pauses: list[tuple[float, float]] = []
        """longest pauses between pictures, and when they were, of the last minute"""

    def begin(self) -> None:
        """A new epoch: other stamps, the same way of coming."""
        self._offset, self.end = None, 0.0

    def came(self, arrival: float, time: float) -> None:
        if self.last:
            pause = arrival - self.last
            self._pauses = [(long, when) for long, when in self._pauses if long > pause and arrival - when < REMEMBERED]
            if pause > 0:  # the first pictures of a connection may have come before it was known what they are
                self._pauses.append((pause, arrival))
        self.last = max(self.last, arrival)
        offset = arrival - time
        if self._offset is None:
            self._offset = offset
            self.end = time
            return
        self._offset = min(offset, self._offset + (offset - self._offset) * FOLLOW)
        if time > self.end:
            self.step += (min(time - self.end, LONGEST) - self.step) * 0.3
        self.end = max(self.end, time)

    @property
    def usual(self) -> float:
        """The longest pause of the last minute."""
        return max((long for long, _ in self._pauses), default=0.0)

    def overdue(self, now: float, end: float) -> bool:
        """Whether the pictures up to ``end`` should have come by now, and have not."""
        if self._offset is None:
            return False
        grace = max(GRACE, 1.5 * self.usual) if self._pauses else UNKNOWN
        return now > end + self._offset + GRACE and now > self.last + grace
