"""Which child reads which segment of a film: the one that is due, and those ahead while there are children that nobody needs.

segments    0 done   1 being told   2 being read   3 being read   4 ...
children             A              B              C                      A goes on with 4 when 1 is told
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pipeline.video.children.child import Child, Crashed
from pipeline.video.children.ring import Ring
from pipeline.video.children.segments import Segment


@dataclass(slots=True)
class SegmentReader:
    """A child at work on a segment, and the ring that it fills."""

    child: Child
    ring: Ring
    busy: bool = False


class ReadAhead:
    """See the module. ``acquire(must)`` gives a child, or None where none can be spared and it need not; ``begin`` sets it to work."""

    def __init__(
        self,
        segments: Sequence[Segment],
        *,
        most: int,
        acquire: Callable[[bool], Child | None],
        release: Callable[[Child], None],
        begin: Callable[[SegmentReader, Segment], None],
        ring: Callable[[], Ring],
        wanted: int | None = None,
    ) -> None:
        """``wanted``: how many segments are read in any case; none behind them is read before it is due. None: all."""
        self._segments, self._most = segments, most
        self._wanted = len(segments) if wanted is None else wanted
        self._acquire, self._release, self._begin, self._ring = acquire, release, begin, ring
        self._readers: dict[int, SegmentReader] = {}

    def __getitem__(self, number: int) -> SegmentReader:
        return self._readers[number]

    def staff(self, number: int, *, crowded: bool) -> None:
        """See to it that a segment is being read, and those after it where children can be spared."""
        free = [self._readers.pop(done) for done in list(self._readers) if done < number]
        for ahead in range(number, min(number + self._most, len(self._segments))):
            if ahead in self._readers:
                continue
            if ahead > number and (crowded or ahead >= self._wanted):
                break
            reader = free.pop() if free else self._reader(must=ahead == number)
            if reader is None:
                break
            self._start(ahead, reader, self._segments[ahead])
        for reader in free:
            self._leave(reader)

    def replace(self, number: int, segment: Segment) -> None:
        """Another child for what is left of a segment whose child has died."""
        self._leave(self._readers.pop(number))
        reader = self._reader(must=True)
        assert reader is not None
        self._start(number, reader, segment)

    def close(self) -> None:
        """Give all children back."""
        while self._readers:
            self._leave(self._readers.popitem()[1])

    def _reader(self, *, must: bool) -> SegmentReader | None:
        child = self._acquire(must)
        return None if child is None else SegmentReader(child, self._ring())

    def _start(self, number: int, reader: SegmentReader, segment: Segment) -> None:
        """Ask a child for a segment; what goes wrong is noticed when its messages are read."""
        self._readers[number] = reader
        reader.busy = True
        with suppress(Crashed):
            self._begin(reader, segment)

    def _leave(self, reader: SegmentReader) -> None:
        """Give a child back; one that is still at work is ended."""
        reader.ring.close()
        if reader.busy:
            reader.child.interrupt()
        self._release(reader.child)
