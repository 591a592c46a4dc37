"""One segment of a film on its way to the parent: pictures into the ring, and what is known of them in order.

A picture after which a cut is still in doubt is told of when that is settled: the cut comes before the frame that it names.
"""

import time
from collections.abc import Callable

from pipeline.video.children.messages import Cut, Done, Frame, Head, Lost, Reply
from pipeline.video.children.ring import Writer
from pipeline.video.decode.cut_finder import CutFinder
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.reader import Reader
from pipeline.video.decode.wanted import Wanted


class Delivery:
    """Told of all that is decoded; ``send`` takes what the parent is to know."""

    def __init__(
        self, send: Callable[[Reply], None], reader: Reader, wanted: Wanted, ring: Writer, finder: CutFinder | None
    ) -> None:
        self._send, self._reader, self._wanted, self._ring, self._finder = send, reader, wanted, ring, finder
        self._late: list[Frame] = []
        """in the ring, and not told of"""
        self._frames = 0
        self._waited = 0.0
        """seconds that the ring had no room: the parent's time, not ours"""
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """At work on the segment so far."""
        return time.perf_counter() - self._begun - self._waited

    def take(self, shown: Decoded) -> None:
        """A decoded frame."""
        match = self._wanted.match(shown.rank)
        if match.lost:
            self._tell_late()
            self._send(Lost(ranks=match.lost))
        image = shown.image() if match.wanted and match.sent else None
        if self._finder is not None:
            self._look(self._finder, shown, wanted=match.wanted, sample=match.sample)
        self._frames += match.wanted
        if image is not None:
            before = time.perf_counter()
            slot = self._ring.put(image)
            self._waited += time.perf_counter() - before
            self._late.append(Frame(rank=shown.rank, slot=slot, corrupt=shown.corrupt))
            if self._finder is None or not self._finder.undecided:
                self._tell_late()

    def finish(self) -> None:
        """All is decoded."""
        for cut in self._finder.finish() if self._finder is not None else ():
            self._send(Cut(rank=cut))
        self._tell_late()
        if rest := self._wanted.rest():
            self._send(Lost(ranks=rest))
        damaged = sorted({rank for rank in self._reader.damaged if rank >= 0})[:10000]
        tail = self._finder.tail() if self._finder is not None else b""
        done = Done(
            frames=self._frames,
            decoded=self._reader.decoded,
            on_card=self._reader.on_card,
            seconds=self.seconds,
            damaged=tuple(damaged),
            pictures=tail,
        )
        self._send(done)

    def _look(self, finder: CutFinder, shown: Decoded, *, wanted: bool, sample: bool) -> None:
        for cut in finder.see(shown, sample):
            self._send(Cut(rank=cut))
        if wanted:
            self._tell_late()
        self._reader.watchful = finder.watchful
        if head := finder.head():
            self._send(Head(pictures=head))

    def _tell_late(self) -> None:
        while self._late:
            self._send(self._late.pop(0))
