"""The newest pictures of a stream, decoded; the few that are kept made RGB.

lag over ``behind``      only what other pictures are built on (NONREF)
twice that               only keyframes (NONKEY)
four times               all that waits before the newest keyframe is dropped
caught up for CALM       one step back
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.errors import InputError
from pipeline.frames import Image
from pipeline.video.cropping import Cropping
from pipeline.video.decode import libav, pictures
from pipeline.video.decode.live_demux import Arrived, Backlog
from pipeline.video.decode.live_input import AvError
from pipeline.video.decode.turned import matrix
from pipeline.video.live.messages import Frame, Opened
from pipeline.video.live.sampling import Ticks

SKIPS = ("DEFAULT", "NONREF", "NONKEY")
CALM = 5.0
KNOWN = 400
"""packets whose arrival is remembered until their pictures come out"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture to keep, and what our side is told of it."""

    frame: Any
    told: Frame
    """its serial is counted by who puts it into the ring"""


class LiveDecoding:
    def __init__(
        self, stream: Any, backlog: Backlog, fps: float, phase: float, pixels: int, *, one_size: bool = False, crop: Cropping | None = None
    ) -> None:  # fmt: skip
        """``one_size``: as in ``Opening``. ``crop``: what the container cuts off of the pictures."""
        self._stream, self._context, self._backlog, self._pixels = stream, stream.codec_context, backlog, pixels
        self._context.thread_count, self._context.thread_type = 1, "SLICE"  # threads by frame would hold frames back
        self._ticks: Ticks[tuple[Any, Frame]] = Ticks(fps, phase)
        self._known: dict[int, Arrived] = {}
        self._epoch = -1
        self._begin: tuple[float, float] | None = None
        self._seen = -math.inf
        self._skip, self._eased = 0, 0.0
        self.decoded = 0
        self.shape: Opened | None = None
        self._turn, self._mirrored, self._form, self._one_size = 0, False, (0, 0), one_size
        self._crop, self._cut = crop, None if crop is None else pictures.Cropper(crop)

    @property
    def skipping(self) -> str:
        return SKIPS[self._skip]

    def pictures(self) -> Iterator[Kept | None]:
        """What is to be kept, as it comes; None many times a second, so that the caller sees the time go by. Raises InputError."""
        while not self._backlog.over:
            arrived = self._backlog.take(0.05)
            if arrived is None:
                late = self._ticks.wait(time.monotonic())
                yield self._kept(late)
                continue
            self._ease()
            if arrived.epoch != self._epoch:
                yield from self._end_epoch(arrived)
            if arrived.packet.pts is not None:
                self._known[arrived.packet.pts] = arrived
                while len(self._known) > KNOWN:
                    del self._known[next(iter(self._known))]
            try:
                frames = self._context.decode(arrived.packet)
            except AvError:
                frames = []
            for frame in frames:
                yield self._see(frame)
            if not frames:
                yield None
        yield from self._drain()
        yield self._kept(self._ticks.end())

    def _end_epoch(self, arrived: Arrived) -> Iterator[Kept | None]:
        if self._epoch >= 0:
            yield from self._drain()
            self._context.flush_buffers()
            yield self._kept(self._ticks.end())
        self._ticks.begin()
        self._known.clear()
        self._epoch, self._begin, self._seen = arrived.epoch, None, -math.inf

    def _drain(self) -> Iterator[Kept | None]:
        try:
            for frame in self._context.decode(None):
                yield self._see(frame)
        except AvError:
            return

    def _see(self, frame: Any) -> Kept | None:
        form = (frame.width, frame.height)
        if form[0] * form[1] > self._pixels:
            raise InputError("frame_too_large", f"its pictures are {form[0]}x{form[1]}, more than is read")
        if self.shape is None:
            self._describe(frame)
        elif form != self._form and self._one_size:
            self._form = form
        elif form != self._form:
            raise InputError("size_changed", f"its pictures were {self._form[0]}x{self._form[1]} and are {form[0]}x{form[1]} now")
        ticks = libav.ticks(frame, self._stream)
        arrived = self._known.pop(ticks, None) if ticks is not None else None
        if ticks is None or arrived is None or frame.is_corrupt:
            return None
        self.decoded += 1
        when = ticks * float(self._stream.time_base)
        if self._begin is None:  # times may be below 0: libav counts so in the minute before MPEG-TS begins anew
            self._begin = when, arrived.arrival
        self._seen = max(self._seen, when)
        told = Frame(
            serial=0, time=when, seen=self._seen, arrival=arrived.arrival, epoch=self._epoch, begin=self._begin, raw=arrived.raw,
            utc=arrived.utc, report=arrived.report,
        )  # fmt: skip
        return self._kept(self._ticks.see(when, arrived.arrival, (frame, told)))

    def _kept(self, found: tuple[Any, Frame] | None) -> Kept | None:
        """It is told with how far the clock is now: later than when it was seen."""
        return None if found is None else Kept(found[0], replace(found[1], seen=self._seen))

    def _ease(self) -> None:
        """Decode less where it lags, and more again."""
        lag, now = self._backlog.lag, time.monotonic()
        behind = self._backlog.behind
        if lag > 4 * behind:
            self._backlog.drop_to_keyframe()
        wanted = 2 if lag > 2 * behind else 1 if lag > behind else 0
        if wanted > self._skip:
            self._skip, self._eased = wanted, now
        elif lag > behind / 5:
            self._eased = now
        elif self._skip and now - self._eased > CALM:
            self._skip, self._eased = self._skip - 1, now
        if str(self._context.skip_frame).rpartition(".")[2] != SKIPS[self._skip]:
            self._context.skip_frame = SKIPS[self._skip]

    def _describe(self, frame: Any) -> None:
        self._turn, self._mirrored = matrix(frame)
        aspect = float(self._stream.sample_aspect_ratio or 1) or 1.0
        self._form = width, height = frame.width, frame.height
        if self._crop is not None:
            (width, height), aspect = self._crop.form(self._form, aspect)
        aspect = aspect if 0.05 < aspect < 20 else 1.0
        shown = (max(1, round(width * aspect)), height) if aspect >= 1 else (width, max(1, round(height / aspect)))
        rate = self._stream.average_rate or self._stream.guessed_rate or 0
        self.shape = Opened(
            size=shown[::-1] if self._turn in (90, 270) else shown,
            fps=float(rate) if 0 < rate < 1000 else 0.0,
            codec=self._context.name,
            copied=False,
        )

    def picture(self, frame: Any, size: tuple[int, int]) -> Image:
        """What is shown of the frame as RGB of this size, upright."""
        frame = frame if self._cut is None else self._cut(frame)
        image = pictures.picture(frame, size[::-1] if self._turn in (90, 270) else size, 1)  # other streams want the other cores
        image = image[:, ::-1] if self._mirrored else image
        return np.ascontiguousarray(np.rot90(image, -self._turn // 90)) if self._turn or self._mirrored else image
