"""Which frames of a film are asked for, and which of those that come belong to a window. Two ways, one shape:

Planned      windows are known before a frame is decoded: only what they show is, and it is copied once, out of the ring into
             the window's batch
Streaming    windows are known when they are over: frames close together are kept until then, and the nearest are taken
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Frame, FrameBatch, Image
from pipeline.samplers.base import Sampler
from pipeline.stretch import Stretch
from pipeline.types import Span, span_of
from pipeline.video.cuts.sizes import routine
from pipeline.video.handover import Handover
from pipeline.video.sampling import candidates, joined, nearest, these, time_of
from pipeline.video.table import Table
from pipeline.windows.base import Rule, Splitter

Chosen = tuple[Span, FrameBatch | None]
"""a window and its frames; None where it need not be asked about"""


class Selection(Protocol):
    """Told in order of time what comes of ``targets``, it answers with the windows that are whole."""

    targets: NDArray[np.int64]
    """ranks of the frames to read, ascending"""
    loose: bool
    """whether another frame nearby, if it is cheaper to decode, does as well"""

    @property
    def over(self) -> bool:
        """Whether nothing more need be told, though there is more."""
        ...

    def place(self, rank: int) -> Image:
        """height x width x 3: where the picture of this frame shall be copied to before it is told of."""
        ...

    def begin(self) -> Iterator[Chosen]:
        """Before the first frame."""
        ...

    def frame(self, rank: int, image: Image) -> Iterator[Chosen]:
        """A frame has come."""
        ...

    def lost(self, rank: int) -> Iterator[Chosen]:
        """A frame will not come, nor another one for it."""
        ...

    def cut(self, rank: int) -> Iterator[Chosen]:
        """A shot begins with this frame, which has not been told yet."""
        ...

    def finish(self) -> Iterator[Chosen]:
        """Nothing more comes."""
        ...


def selection(
    table: Table,
    rule: Rule,
    sampler: Sampler,
    size: tuple[int, int],
    known: Collection[Span],
    within: Span,
    stretch: Stretch | None = None,
) -> Selection:
    """How to choose frames of (width, height) for this rule, of what is shown in a span of the film.

    ``known``: windows, to the millisecond, that need none. ``stretch``: of the span's windows, only those that begin in it; where cuts
    are needed it is for ``Streaming.hand_over`` to say which these are.
    """
    if rule.needs_cuts:
        return Streaming(table, rule, sampler, size, known, within)
    return Planned(table, rule, sampler, size, known, within, stretch)


class Planned:
    """Windows that depend on nothing but the film's beginning and end."""

    loose = over = False

    def __init__(
        self,
        table: Table,
        rule: Rule,
        sampler: Sampler,
        size: tuple[int, int],
        known: Collection[Span],
        within: Span,
        stretch: Stretch | None = None,
    ) -> None:
        self._table, self._shape = table, (size[1], size[0], 3)
        keyframes = table.times[table.keyframes()].tolist()
        spans = joined(list(rule.splitter(within[0]).finish(within[1])), table.times.tolist())
        if stretch is not None:
            spans = [span for span in spans if stretch.holds(span[0])]
        self._windows: deque[tuple[Span, NDArray[np.int64]]] = deque()
        """those to come, with the ranks of their frames"""
        for span in spans:
            inside = keyframes[bisect_left(keyframes, span[0]) : bisect_left(keyframes, span[1])]
            looks = [] if span_of(*span) in known else sampler.times(*span, inside) or [span[0]]
            self._windows.append((span, np.unique(table.on_screen(np.array(looks)))))
        self.targets = np.unique(np.concatenate([np.zeros(0, np.int64), *(ranks for _, ranks in self._windows)]))
        self._held: dict[int, Frame] = {}
        self._batch: NDArray[np.uint8] | None = None
        """of the window that comes next"""
        self._inside: list[int] = []
        """ranks of the frames in it"""

    def place(self, rank: int) -> Image:
        """A row of the next window's batch. (What that does not show, a later one does.)"""
        wanted = self._windows[0][1] if self._windows else ()
        if len(self._inside) >= len(wanted):
            return np.empty(self._shape, np.uint8)
        if self._batch is None:
            self._batch = np.empty((len(wanted), *self._shape), np.uint8)
        self._inside.append(rank)
        row: Image = self._batch[len(self._inside) - 1]
        return row

    def begin(self) -> Iterator[Chosen]:
        return self._whole(-1)

    def frame(self, rank: int, image: Image) -> Iterator[Chosen]:
        self._held[rank] = Frame(image=image, time=float(self._table.times[rank]), index=rank)
        return self._whole(rank)

    def lost(self, rank: int) -> Iterator[Chosen]:
        return self._whole(rank)

    def cut(self, rank: int) -> Iterator[Chosen]:
        return iter(())

    def finish(self) -> Iterator[Chosen]:
        return self._whole(len(self._table.times))

    def _whole(self, reached: int) -> Iterator[Chosen]:
        """The windows whose last frame has come."""
        while self._windows and (not len(self._windows[0][1]) or self._windows[0][1][-1] <= reached):
            span, ranks = self._windows.popleft()
            yield span, self._frames(span, ranks) if len(ranks) else None
            for rank in [rank for rank, frame in self._held.items() if frame.time < span[0]]:
                del self._held[rank]

    def _frames(self, span: Span, ranks: NDArray[np.int64]) -> FrameBatch:
        frames = [self._held[rank] for rank in these(self._held, ranks, span)]
        count = len(frames)
        batch, inside = self._batch, self._inside[:count]
        self._batch, self._inside = None, []
        if batch is None or inside != [frame.index for frame in frames]:  # windows that overlap share frames
            return FrameBatch.of(frames, (self._shape[1], self._shape[0]))
        return FrameBatch(data=batch[:count], times=tuple(frame.time for frame in frames), indices=tuple(inside))


class Streaming:
    """Windows that depend on what is seen."""

    def __init__(
        self, table: Table, rule: Rule, sampler: Sampler, size: tuple[int, int], known: Collection[Span], within: Span
    ) -> None:
        self._table, self._sampler, self._size, self._known = table, sampler, size, known
        self._first, self._end = first, end = within
        keyframes = table.keyframes()
        keyframes = keyframes[(table.times[keyframes] >= first) & (table.times[keyframes] < end)]
        self._keys: list[float] = table.times[keyframes].tolist()
        self.loose = False
        standing = table.on_screen(np.array([first]))
        targets = np.concatenate([standing, keyframes])
        """where the span begins inside a group of pictures, what stands there is seen too"""
        if not sampler.keyframes_only:
            step = max(sampler.spacing(min(rule.shortest, end - first)), 0.02)
            due = routine(table)[table.packets[keyframes]].tolist()
            targets = table.on_screen(candidates(first, end, step, self._keys, due))
            self.loose = len(table.times) > 1 and step >= 4 * float(np.median(np.diff(table.times)))
            targets = np.concatenate([targets, keyframes]) if sampler.wants_keyframes else targets
        self.targets: NDArray[np.int64] = np.unique(targets)
        self._rule = rule
        self._splitter: Splitter | None = rule.splitter(first)
        self._handover: Handover | None = None
        self._held: list[Frame] = []
        """frames of no window yet"""

    @property
    def over(self) -> bool:
        return self._handover is not None and self._handover.over

    def hand_over(self, marks: Sequence[float], *, from_start: bool) -> Handover:
        """Give the windows of a stretch alone, told what comes of its segments and, until they are over, of those behind it."""
        self._handover = Handover(marks, from_start=from_start, shortest=self._rule.shortest, end=self._end)
        if not from_start:
            self._splitter = None  # begins with the first frame that is seen
        return self._handover

    def place(self, rank: int) -> Image:
        return np.empty((self._size[1], self._size[0], 3), np.uint8)

    def begin(self) -> Iterator[Chosen]:
        return iter(())

    def frame(self, rank: int, image: Image) -> Iterator[Chosen]:
        time = float(self._table.times[rank])
        if self._handover is not None:
            self._handover.frame(time)
        self._splitter = self._splitter or self._rule.splitter(time)
        yield from self._chosen(self._splitter.sample(max(time, self._first)))
        self._held.append(Frame(image=image, time=time, index=rank))

    def lost(self, rank: int) -> Iterator[Chosen]:
        return iter(())

    def cut(self, rank: int) -> Iterator[Chosen]:
        if self._splitter is None:
            return
        time = float(self._table.times[rank])
        yield from self._chosen(self._splitter.cut(time))
        if self._handover is not None:
            self._handover.cut(time, self._splitter)
            if self._handover.over:
                yield from self._chosen(self._splitter.finish(time))

    def finish(self) -> Iterator[Chosen]:
        return iter(()) if self._splitter is None or self.over else self._chosen(self._splitter.finish(self._end))

    def _chosen(self, spans: Collection[Span]) -> Iterator[Chosen]:
        for span in spans:
            ours = self._handover is None or span[0] >= self._handover.begin
            asked = ours and span_of(*span) not in self._known
            frames = nearest(span, self._held, self._sampler, self._keys, self._table.on_screen) if asked else []
            if ours:
                yield span, FrameBatch.of(frames, self._size) if asked else None
            del self._held[: max(0, bisect_left(self._held, span[1], key=time_of) - 1)]  # the last may stand in the next window
