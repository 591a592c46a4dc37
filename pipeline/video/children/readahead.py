"""Which child reads which stretch of a film: the one that is due, and those ahead while there are children that nobody needs.

stretches   0 done   1 being told   2 being read   3 being read   4 ...
children             A              B              C                      A goes on with 4 when 1 is told
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pipeline.video.children.pool import Child, Crashed
from pipeline.video.children.ring import Ring
from pipeline.video.children.segments import Stretch


@dataclass(slots=True)
class Lane:
    """A child at work on a stretch, and the ring that it fills."""

    child: Child
    ring: Ring
    busy: bool = False


class Lanes:
    """See the module. ``acquire(must)`` gives a child, or None where none can be spared and it need not; ``begin`` sets it to work."""

    def __init__(
        self,
        parts: Sequence[Stretch],
        *,
        most: int,
        acquire: Callable[[bool], Child | None],
        release: Callable[[Child], None],
        begin: Callable[[Lane, Stretch], None],
        ring: Callable[[], Ring],
    ) -> None:
        self._parts, self._most = parts, most
        self._acquire, self._release, self._begin, self._ring = acquire, release, begin, ring
        self._lanes: dict[int, Lane] = {}

    def __getitem__(self, number: int) -> Lane:
        return self._lanes[number]

    def staff(self, number: int, *, crowded: bool) -> None:
        """See to it that a stretch is being read, and those after it where children can be spared."""
        free = [self._lanes.pop(done) for done in list(self._lanes) if done < number]
        for ahead in range(number, min(number + self._most, len(self._parts))):
            if ahead in self._lanes:
                continue
            if ahead > number and crowded:
                break
            lane = free.pop() if free else self._lane(must=ahead == number)
            if lane is None:
                break
            self._start(ahead, lane, self._parts[ahead])
        for lane in free:
            self._leave(lane)

    def replace(self, number: int, part: Stretch) -> None:
        """Another child for what is left of a stretch whose child has died."""
        self._leave(self._lanes.pop(number))
        lane = self._lane(must=True)
        assert lane is not None
        self._start(number, lane, part)

    def close(self) -> None:
        """Give all children back."""
        while self._lanes:
            self._leave(self._lanes.popitem()[1])

    def _lane(self, *, must: bool) -> Lane | None:
        child = self._acquire(must)
        return None if child is None else Lane(child, self._ring())

    def _start(self, number: int, lane: Lane, part: Stretch) -> None:
        """Ask a child for a stretch; what goes wrong is noticed when its messages are read."""
        self._lanes[number] = lane
        lane.busy = True
        with suppress(Crashed):
            self._begin(lane, part)

    def _leave(self, lane: Lane) -> None:
        """Give a child back; one that is still at work is ended."""
        lane.ring.close()
        if lane.busy:
            lane.child.interrupt()
        self._release(lane.child)
