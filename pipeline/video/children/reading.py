"""Wanted frames of one film, in order, from children that may crash or lie: what ``film`` makes windows of."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image
from pipeline.stretch import Arriving, Indivisible
from pipeline.types import Span, VideoInfo
from pipeline.video.children import cards
from pipeline.video.children.borders import Borders, Event, Picture
from pipeline.video.children.child import Crashed
from pipeline.video.children.held import HeldChildren
from pipeline.video.children.messages import (
    Cut,
    Done,
    Failure,
    Frame,
    Head,
    ListFrames,
    Lost,
    Read,
    ReadOptions,
    Refused,
    TableData,
    Tick,
    Unclean,
)
from pipeline.video.children.pool import WorkerPool, new_table_id
from pipeline.video.children.readahead import ReadAhead, SegmentReader
from pipeline.video.children.ring import Ring
from pipeline.video.children.segments import LEAST, Segment, divide
from pipeline.video.limits import Limits
from pipeline.video.probe import refusal
from pipeline.video.source import Source
from pipeline.video.table import Table

SHARES = 4
"""segments for each child, so that none waits long for the last one"""


class _Unclean(Exception):
    """The film can't be entered where it says so."""


class _Refused(Exception):
    """The GPU can't decode it."""


class Reading:
    """One film being read: its table, its children, and what became of it."""

    def __init__(
        self, source: Source, info: VideoInfo, size: tuple[int, int], pool: WorkerPool, limits: Limits, workers: int,
        arriving: Arriving | None = None,
    ) -> None:  # fmt: skip
        self.source, self.info, self.size, self.pool, self.limits = source, info, size, pool, limits
        self.workers, self._arriving = max(1, workers), arriving
        self.seconds, self.decoded, self.reader = 0.0, 0, info.reader
        self.card = cards.Share(info, pool)
        self.lost: set[int] = set()
        self.damaged: set[int] = set()
        self.position = 0.0
        self._table: Table | None = None
        self._id = new_table_id()
        self._children = HeldChildren(source, pool, self._id)

    def close(self) -> None:
        """End whatever is being waited for."""
        self._children.close()

    def table(self) -> Table:
        """When all frames are shown. Raises InputError, Closed."""
        while self._table is None:
            child = self._children.acquire()
            assert child is not None
            try:
                cpu = self.limits.processor_seconds(size=self.info.size)
                wish = ListFrames(table=self._id, start=self.info.start, fps=self.info.fps, most=self.limits.frames, cpu=cpu)
                child.request(wish, fds=[self.source.fd])
                answer = child.answer(TableData, self.limits.stall)
                if isinstance(answer, Failure):
                    raise refusal(answer, self.source)
                try:
                    self._table, child.table = answer.table(), self._id
                except ValueError as error:
                    raise child.distrust(str(error)) from None
            except Crashed as crash:
                self._children.crashed(crash)
            finally:
                self._children.release(child)
        return self._table

    def frames(
        self,
        targets: NDArray[np.int64],
        segments: list[Segment],
        options: ReadOptions,
        place: Callable[[int], Image],
        *,
        own: int | None = None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> Iterator[Event]:
        """The frames of these ranks in order, as they come, and the cuts between them.

        ``segments``: ``divided`` targets. ``place``: where the picture of a rank is to be copied, an array of height x width x 3.
        ``own``: only so many segments are sure to be wanted, the first of a stretch; ``goes_on``: whether more are.

        Raises InputError, Closed; Indivisible where only ``own`` are sure, and the film can't be entered where it says so.
        """
        self._place, self._options = place, options
        ahead, borders = self._read_ahead(segments, own), Borders(self.table())
        number, reached = 0, -1
        try:
            while number < len(segments) and (own is None or number < own or goes_on()):
                if self._arriving is not None:
                    self._arriving.over(self._shown(segments[number])[0])
                ahead.staff(number, crowded=self.pool.crowded)
                if number and options.cuts:
                    borders.enter(segments[number])
                try:
                    for told in self._told(ahead, number, segments[number]):
                        for event in borders.passed(told):
                            reached = _reached(event, reached)
                            yield event
                    number += 1
                except _Unclean:  # from its start, then, in one piece
                    if own is not None:
                        raise Indivisible from None
                    ahead.close()
                    segments = [Segment.of(targets).after(reached, again=options.cuts)]
                    self._options = replace(options, loose=False, everything=True)
                    ahead, borders, number = self._read_ahead(segments), Borders(self.table()), 0
        finally:
            ahead.close()

    def divided(self, targets: NDArray[np.int64], options: ReadOptions) -> list[Segment]:
        """Frames as they are read in one go each."""
        table = self.table()
        apart = options.cuts or self.workers > 1 or self._arriving is not None
        if not apart or options.reader != "pyav" or options.everything or table.repaired or self.info.interlaced:
            return [Segment.of(targets)]
        most = self.limits.ring // (self.size[0] * self.size[1] * 3)
        if not options.cuts:  # where cuts are looked for, the division must be the same with any number of children
            most = min(most, len(targets) // (SHARES * self.workers) + 1) if self._arriving is None else LEAST
        return divide(table, targets, most=most, cuts=options.cuts)

    def _read_ahead(self, segments: list[Segment], wanted: int | None = None) -> ReadAhead:
        coming = self._arriving
        most = self.workers if coming is None else coming.abreast([self._shown(one) for one in segments], self.workers)
        return ReadAhead(
            segments, most=most, acquire=self._children.acquire, release=self._children.release, begin=self._ask,
            ring=lambda: Ring(self.size, self.limits.ring), wanted=wanted,
        )  # fmt: skip

    def _told(self, ahead: ReadAhead, number: int, segment: Segment) -> Iterator[Event | Head | Done]:
        """What a child tells of one segment; where it dies a second one goes on, or begins anew to find the same cuts."""
        reached, cuts = -1, list[Cut]()
        while (reader := ahead[number]).busy:
            try:
                told = self._next(reader, reached)
            except (Crashed, _Refused) as trouble:
                self.card.allowed = False
                if isinstance(trouble, Crashed):
                    self._children.crashed(trouble)
                left = segment.again(reached) if self._options.cuts else segment.after(reached, again=False)
                ahead.replace(number, left)
                continue
            if told is not None and told not in cuts:
                cuts += [told] if isinstance(told, Cut) else []
                reached = _reached(told, reached)
                yield told

    def _next(self, reader: SegmentReader, reached: int) -> Event | Head | Done | None:
        """The next message of a child, and what follows from it here; None for a sign of life.

        Raises Crashed also where a child tells what no film can be like, InputError, _Unclean.
        """
        told = reader.child.message(self.limits.stall)
        count = len(self.table().times)
        match told:
            case Frame(rank=rank, slot=slot) if reached < rank < count and 0 <= slot < reader.ring.slots:
                self.position = float(self.table().times[rank])
                if told.corrupt:
                    self.damaged.add(rank)
                image = self._place(rank)
                reader.ring.take(slot, image)
                return Picture(rank, image)
            case Lost(ranks=ranks) if ranks and 0 <= min(ranks) <= max(ranks) < count:
                new = tuple(rank for rank in ranks if rank > reached)  # who begins anew tells of the others again
                self.lost.update(new)
                return Lost(ranks=new) if new else None
            case Cut(rank=rank) if 0 <= rank < count:
                return told
            case Head():
                return told
            case Tick():
                return None
            case Done(damaged=damaged) if all(0 <= rank < count for rank in damaged):
                reader.busy = False
                self.seconds += told.seconds
                self.decoded += told.decoded
                self.card.frames += told.on_card
                self.damaged.update(damaged)
                return told
            case Unclean() if not self._options.everything:
                reader.busy = False
                raise _Unclean
            case Refused() if self.card.allowed:
                reader.busy = False
                raise _Refused
            case Failure():
                reader.busy = False
                raise refusal(told, self.source)
        raise reader.child.distrust(f"it told of {type(told).__name__} what can't be")

    def _shown(self, segment: Segment) -> Span:
        """When its first and its last frame are shown."""
        ranks = [*segment.targets[[0, -1]], *([segment.lead] if segment.lead >= 0 else [])]
        return float(self.table().times[min(ranks)]), float(self.table().times[max(ranks)])

    def _ask(self, reader: SegmentReader, segment: Segment) -> None:
        table, info = self.table(), self.info
        if self._arriving is not None:
            self._arriving.need(*self._shown(segment))
        if reader.child.table != self._id:
            reader.child.request(TableData.of(self._id, table))
            reader.child.table = self._id
        threads = max(1, round(self.limits.threads / max(1, self.pool.working)))  # those at work share the cores
        wish = Read(
            table=self._id, options=self._options, size=self.size, slots=reader.ring.slots, rotation=info.rotation,
            mirrored=info.mirrored, interlaced=info.interlaced, threads=threads, offset=float(table.times[0]),
            cpu=self.limits.processor_seconds(frames=len(table.times), pixels=info.width * info.height),
            card=self.card.may_decode(table) and not self._options.everything, segment=segment.pack(),
        )  # fmt: skip
        reader.child.request(wish, [self.source.fd, reader.ring.memory, reader.ring.room])


def _reached(told: Event | Head | Done, before: int) -> int:
    """How far a film has come."""
    match told:
        case Picture(rank=rank):
            return rank
        case Lost(ranks=ranks):
            return max(ranks)
    return before
