"""A film, read window by window.

    with open_film(info, rule=rule, sampler=sampler, size=(384, 384)) as film:
        for window in film: ...

The table of all frames comes first, so windows of fixed length and their samples are known before a frame is decoded.
Shots are known only when they are over: then a bounded set of samples waits until its window is settled.
"""

from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from pipeline.errors import InputError
from pipeline.frames import FrameBatch
from pipeline.samplers.base import Sampler
from pipeline.stretch import Arriving, Stretch
from pipeline.types import Notice, Span, VideoInfo, Window, span_of
from pipeline.video import damage
from pipeline.video.children.borders import Event, Picture
from pipeline.video.children.held import Closed
from pipeline.video.children.messages import Cut, Lost, ReadOptions
from pipeline.video.children.pool import WorkerPool
from pipeline.video.children.reading import Reading
from pipeline.video.handover import course
from pipeline.video.headless import NO_LENGTH
from pipeline.video.limits import Limits
from pipeline.video.selection import Chosen, Selection, Streaming, selection
from pipeline.video.source import open_source
from pipeline.video.table import Table
from pipeline.windows.base import Rule


def open_film(
    info: VideoInfo,
    *,
    rule: Rule,
    sampler: Sampler,
    size: tuple[int, int],
    known: Collection[Span] = frozenset(),
    workers: int = 1,
    limits: Limits | None = None,
    pool: WorkerPool | None = None,
    between: Span | None = None,
    stretch: Stretch | None = None,
    arriving: Arriving | None = None,
) -> "Film":
    """A film to iterate once. ``known``: windows (start, end, to the millisecond) that need no frames. ``between``: the seconds that
    are read as though they were all of it. ``stretch``: of the film's windows only those of one stretch; those of all stretches together are
    the film's.

    Raises InputError: the gate's codes, since the file is opened anew.
    """
    return Film(
        info, rule=rule, sampler=sampler, size=size, known=known, workers=workers, limits=limits, pool=pool, between=between,
        stretch=stretch, arriving=arriving,
    )  # fmt: skip


class Film:
    """Windows in order of time. ``close`` may come from another thread and ends a blocked iteration."""

    def __init__(
        self,
        info: VideoInfo,
        *,
        rule: Rule,
        sampler: Sampler,
        size: tuple[int, int],
        known: Collection[Span],
        workers: int,
        limits: Limits | None,
        pool: WorkerPool | None,
        between: Span | None = None,
        stretch: Stretch | None = None,
        arriving: Arriving | None = None,
    ) -> None:
        self.info, self._between, self._stretch, self._arriving = info, between, stretch, arriving
        self._rule, self._sampler, self._known = rule, sampler, {span_of(*span) for span in known}
        self._source = open_source(info.path)
        self._own_pool = WorkerPool(limits, spare=0) if pool is None else None
        used = pool or self._own_pool
        assert used is not None
        self._reading = Reading(self._source, info, size, used, limits or used.limits, workers, arriving)
        self._notices: tuple[Notice, ...] = info.notices
        self._shots: list[float] = []
        self._walk: Generator[Window, None, None] | None = None
        self.end = info.duration
        """when the film ends, exact once iteration has begun"""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the user should know; complete after the iteration."""
        return self._notices

    @property
    def shots(self) -> tuple[float, ...]:
        """Times of the cuts found so far, where the rule looks for them."""
        return tuple(self._shots)

    @property
    def decode_seconds(self) -> float:
        """Seconds that children spent on reading."""
        return self._reading.seconds

    @property
    def frames_decoded(self) -> int:
        return self._reading.decoded

    @property
    def reader(self) -> str:
        """Who decoded: pyav or opencv on the processor, nvdec on a GPU, pyav+nvdec where both did."""
        return self._reading.card.reader(self._reading.reader, self._reading.decoded)

    @property
    def position(self) -> float:
        """Seconds of film read so far; never over ``end``."""
        return min(self._reading.position, self.end)

    def close(self) -> None:
        """Give everything back. Harmless when repeated."""
        self._reading.close()
        if self._walk is not None:
            with suppress(ValueError):  # it runs in another thread, where it ends by itself
                self._walk.close()
        if self._own_pool is not None:
            self._own_pool.close()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Window]:
        """Once. Raises what ``_windows`` raises."""
        self._walk = self._windows()
        return self._walk

    def _windows(self) -> Generator[Window, None, None]:
        """Raises InputError ``no_decodable_frames``, ``crashed_worker``, ``source_changed``; Indivisible of a stretch."""
        try:
            table = self._reading.table()
            if len(table.times) == 0:
                raise InputError(
                    "no_decodable_frames",
                    "it holds no picture that can be decoded (damaged or encrypted)",
                    path=str(self.info.path),
                )
            first, self.end = table.within(self._between)
            if first >= self.end and self._between is None:
                raise InputError("unsupported_or_corrupt", NO_LENGTH, path=str(self.info.path))
            if first >= self.end:
                raise InputError("range_past_the_end", "it ends before what is asked for begins", path=str(self.info.path))
            nothing = FrameBatch.of((), self._reading.size)
            count = 0
            for (start, end), frames in self._chosen(table, (first, self.end)):
                if frames is None or len(frames):  # else all its frames are lost
                    yield Window(index=count, start=start, end=end, frames=nothing if frames is None else frames)
                    count += 1
            if self._arriving is not None:
                self._arriving.finish()
            if self._source.changed():
                raise InputError(
                    "source_changed",
                    "the file was written to while it was read; ask again when it has settled",
                    path=str(self.info.path),
                )
            self._reading.position = self.end
            lost, damaged = self._reading.lost, self._reading.damaged
            if lost or damaged:
                self._notices += damage.causes(self.info)  # first: a person is told the first one whole
            self._notices += damage.notices(self.info, table, lost, damaged)
        except Closed:
            return

    def _chosen(self, table: Table, span: Span) -> Iterator[Chosen]:
        """All windows in a span, as their frames come: by the reader that the probe chose, by the other one where that gives none at all."""
        chosen = selection(table, self._rule, self._sampler, self._reading.size, self._known, span, self._stretch)
        yield from chosen.begin()
        seen = len(chosen.targets) == 0
        for options in () if seen else self._ways(table, loose=chosen.loose):
            self._reading.lost.clear()
            self._reading.reader = options.reader
            for event in self._events(table, chosen, options):  # closed with the loop: nobody else has it
                match event:
                    case Picture(rank=rank, image=image):
                        seen = True
                        yield from chosen.frame(rank, image)
                    case Cut(rank=rank):
                        if span[0] < (time := float(table.times[rank])) < span[1]:
                            self._shots.append(time)
                            yield from chosen.cut(rank)
                    case Lost(ranks=ranks) if seen:  # else the other reader may have them
                        for rank in ranks:
                            yield from chosen.lost(rank)
                if chosen.over:
                    break
            if seen or (self._stretch is not None and self._stretch.number and self._rule.needs_cuts):
                break  # of a film without any picture whoever reads the first stretch finds out
        if not seen and self._stretch is None:
            raise InputError(
                "no_decodable_frames",
                "none of its pictures can be decoded (damaged, encrypted or an unknown codec)",
                path=str(self.info.path),
            )
        yield from chosen.finish()

    def _events(self, table: Table, chosen: Selection, options: ReadOptions) -> Iterator[Event]:
        """What comes of the frames that are chosen; of a stretch between cuts, also of what is behind it, until it is over."""
        segments = self._reading.divided(chosen.targets, options)
        if self._stretch is None or not isinstance(chosen, Streaming):
            yield from self._reading.frames(chosen.targets, segments, options, chosen.place)
            return
        way = course(segments, table, self._stretch)
        if way is None:
            return
        handover = chosen.hand_over(way.marks, from_start=self._stretch.number == 0)
        ours = segments[way.first :]
        yield from self._reading.frames(chosen.targets, ours, options, chosen.place, own=way.own, goes_on=lambda: handover.begun)

    def _ways(self, table: Table, *, loose: bool) -> list[ReadOptions]:
        """How to read it: the best way first."""
        cuts, keyframes = self._rule.needs_cuts, self._sampler.keyframes_only
        skips = keyframes or self._sampler.wants_keyframes or self._reading.card.likely
        headless = table.headless is not None  # OpenCV may give nothing before the second whole picture
        first = "pyav" if table.repaired or skips or headless else self.info.reader
        usual = ReadOptions(reader=first, cuts=cuts, keyframes=keyframes, loose=loose and first == "pyav")
        ways = [usual, replace(usual, reader="pyav", loose=False, everything=True)]
        if not table.repaired and not self.info.interlaced and self.info.videos == 1:  # OpenCV chooses a stream by itself
            ways.append(replace(usual, reader="opencv", loose=False))
        return ways
