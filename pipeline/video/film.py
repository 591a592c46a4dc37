"""A film, read window by window.

    with open_film(info, rule=rule, sampler=sampler, size=(384, 384)) as film:
        for window in film: ...

The table of all frames comes first, so windows of fixed length and their samples are known before a frame is decoded.
Shots are known only when they are over: then a bounded set of samples waits until its window is settled.
"""

from bisect import bisect_left
from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.types import Frame, Image, Notice, VideoInfo, Window
from pipeline.video import damage
from pipeline.video.children.frames import Closed, Event, Reading
from pipeline.video.children.pool import WorkerPool
from pipeline.video.cuts.sizes import routine
from pipeline.video.limits import Limits
from pipeline.video.sampling import Span, candidates, joined, nearest, rounded, these, time_of
from pipeline.video.source import open_source
from pipeline.video.table import Table


def open_film(
    info: VideoInfo,
    *,
    rule: Any,
    sampler: Any,
    size: tuple[int, int],
    known: Collection[Span] = frozenset(),
    workers: int = 1,
    limits: Limits | None = None,
    pool: WorkerPool | None = None,
) -> "Film":
    """A film to iterate once. ``known``: windows (start, end, to the millisecond) that need no frames.

    Raises InputError: the gate's codes, since the file is opened anew.
    """
    return Film(info, rule=rule, sampler=sampler, size=size, known=known, workers=workers, limits=limits, pool=pool)


class Film:
    """Windows in order of time. ``close`` may come from another thread and ends a blocked iteration."""

    def __init__(
        self,
        info: VideoInfo,
        *,
        rule: Any,
        sampler: Any,
        size: tuple[int, int],
        known: Collection[Span],
        workers: int,
        limits: Limits | None,
        pool: WorkerPool | None,
    ) -> None:
        self.info = info
        self._rule, self._sampler, self._known = rule, sampler, {rounded(span) for span in known}
        self._source = open_source(info.path)
        self._own_pool = WorkerPool(limits, spare=0) if pool is None else None
        used = pool or self._own_pool
        assert used is not None
        self._reading = Reading(self._source, info, size, used, limits or used.limits, workers)
        self._notices: tuple[Notice, ...] = info.notices
        self._shots: list[float] = []
        self._count = 0
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
        """Raises InputError ``no_decodable_frames``, ``crashed_worker``, ``source_changed``."""
        try:
            table = self._reading.table()
            if len(table.times) == 0:
                raise InputError(
                    "no_decodable_frames",
                    "it holds no picture that can be decoded (damaged or encrypted)",
                    path=str(self.info.path),
                )
            self.end = table.end
            yield from self._scenes(table) if self._rule.needs_cuts else self._fixed(table)
            if self._source.changed():
                raise InputError(
                    "source_changed",
                    "the file was written to while it was read; ask again when it has settled",
                    path=str(self.info.path),
                )
            self._reading.position = self.end
            self._notices += damage.notices(self.info, table, self._reading.lost, self._reading.damaged)
        except Closed:
            return

    def _events(self, table: Table, targets: NDArray[np.int64], *, loose: bool = False) -> Iterator[Event]:
        """Frames by the reader that the probe chose, by the other one where that gives none at all."""
        cuts, keyframes = self._rule.needs_cuts, self._sampler.keyframes_only
        first = "pyav" if table.repaired or keyframes or self._sampler.wants_keyframes else self.info.reader
        ways = [(first, False), ("pyav", True)]
        if not table.repaired and not self.info.interlaced and self.info.videos == 1:  # OpenCV chooses a stream by itself
            ways.append(("opencv", False))
        for reader, everything in ways:
            seen = False
            self._reading.lost.clear()
            self._reading.reader = reader
            for event in self._reading.frames(
                targets, cuts=cuts, keyframes=keyframes, reader=reader, loose=loose and reader == "pyav", everything=everything
            ):
                if event[0] == "frame":
                    seen = True
                if event[0] != "lost" or seen:
                    yield event
            if seen or len(targets) == 0:
                return
        raise InputError(
            "no_decodable_frames",
            "none of its pictures can be decoded (damaged, encrypted or an unknown codec)",
            path=str(self.info.path),
        )

    def _fixed(self, table: Table) -> Iterator[Window]:
        keyframes = table.times[table.keyframes()].tolist()
        spans = joined(self._rule.spans(float(table.times[0]), table.end), table.times.tolist())
        wanted = []
        for span in spans:
            inside = keyframes[bisect_left(keyframes, span[0]) : bisect_left(keyframes, span[1])]
            looks = [] if rounded(span) in self._known else self._sampler.times(*span, inside)
            wanted.append(np.unique(table.on_screen(np.array(looks))))
        targets = np.unique(np.concatenate(wanted)) if wanted else np.zeros(0, np.int64)
        held: dict[int, Frame] = {}
        events = self._events(table, targets) if len(targets) else iter(())
        reached = -1
        for span, ranks in zip(spans, wanted, strict=True):
            final = int(ranks[-1]) if len(ranks) else -1
            while reached < final:
                event = next(events, None)
                if event is None:
                    break
                reached = max(reached, event[1])
                if event[2] is not None:
                    held[event[1]] = self._frame(table, event[1], event[2])
            yield from self._window(span, [held[rank] for rank in these(held, ranks, span)], asked=len(ranks) > 0)
            for rank in [rank for rank, frame in held.items() if frame.time < span[0]]:
                del held[rank]
        for _ in events:
            pass

    def _scenes(self, table: Table) -> Iterator[Window]:
        keyframes, loose = table.keyframes(), False
        if self._sampler.keyframes_only:
            targets = keyframes
        else:
            first = float(table.times[0])
            step = max(self._sampler.spacing(min(self._rule.min, table.end - first)), 0.02)
            due = routine(table)[table.packets[keyframes]].tolist()
            targets = table.on_screen(candidates(first, table.end, step, table.times[keyframes].tolist(), due))
            loose = len(table.times) > 1 and step >= 4 * float(np.median(np.diff(table.times)))
            targets = np.concatenate([targets, keyframes]) if self._sampler.wants_keyframes else targets
        targets = np.unique(targets)
        keys = table.times[keyframes].tolist()
        splitter = self._rule.splitter(float(table.times[0]))
        held: list[Frame] = []

        def settled(spans: list[Span]) -> Iterator[Window]:
            for span in spans:
                frames = nearest(span, held, self._sampler, keys)
                yield from self._window(span, frames, asked=rounded(span) not in self._known)
                del held[: bisect_left(held, span[1], key=time_of)]

        for kind, rank, image in self._events(table, targets, loose=loose):
            time = float(table.times[rank])
            if kind == "cut":
                self._shots.append(time)
                yield from settled(splitter.cut(time))
            elif image is not None:
                spans = splitter.sample(time)
                yield from settled(spans)
                held.append(self._frame(table, rank, image))
        yield from settled(splitter.finish(table.end))

    def _frame(self, table: Table, rank: int, image: Image) -> Frame:
        return Frame(image=image, time=float(table.times[rank]), index=rank)

    def _window(self, span: Span, frames: list[Frame], *, asked: bool) -> Iterator[Window]:
        """One window; none where all its frames are lost."""
        if asked and not frames:
            return
        yield Window(index=self._count, start=span[0], end=span[1], frames=tuple(frames) if asked else ())
        self._count += 1
