"""The OpenCV reader, THE cv2 door: grabs every frame forward and makes pictures of the wanted ones.

    grab grab grab* grab grab grab*      * retrieve, resize to the model's side, RGB
Times are those of ``POS_MSEC`` after a grab. It never seeks: with OpenCV a seek is slow, and wrong in most containers.
"""

import os
from collections.abc import Iterator

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "16")

import cv2
import numpy as np

from pipeline.errors import InputError
from pipeline.frames import Image
from pipeline.video.cuts.rule import SMALL
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.decoder_log import complaint
from pipeline.video.source import DEMUXERS
from pipeline.video.table import Table

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = f"protocol_whitelist;file|format_whitelist;{DEMUXERS}"
TICK = 32
FAILURES = 200
"""reads that may fail in a row before the film is over"""


def fit(image: Image, size: tuple[int, int]) -> Image:
    """Stretch a picture to (width, height): by area where it shrinks."""
    shrinks = size[0] <= image.shape[1] and size[1] <= image.shape[0]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC), np.uint8)


class _Grabbed(Decoded):
    """The frame that the capture stands on."""

    def __init__(self, rank: int, capture: cv2.VideoCapture, size: tuple[int, int]) -> None:
        super().__init__(rank)
        self._size = size
        good, picture = capture.retrieve()
        self._picture = picture if good else None
        self.corrupt = not good

    def image(self) -> Image:
        return np.asarray(cv2.cvtColor(fit(self._picture, self._size), cv2.COLOR_BGR2RGB), np.uint8)  # type: ignore[arg-type]

    def small(self) -> Image:
        return np.asarray(cv2.cvtColor(fit(self._picture, SMALL), cv2.COLOR_BGR2RGB), np.uint8)  # type: ignore[arg-type]


class OpenCVReader:
    """One film, read by OpenCV."""

    def __init__(self, fd: int, *, size: tuple[int, int], threads: int, offset: float) -> None:
        self.fd, self.size, self.threads, self.offset = fd, size, threads, offset
        self.decoded = self.on_card = 0
        self.watchful = 0
        self.damaged: list[int] = []

    def read(self, table: Table, targets: list[int]) -> Iterator[Decoded | None]:
        """The wanted frames; None is a sign of life."""
        capture = cv2.VideoCapture(
            f"file:/proc/self/fd/{self.fd}",
            cv2.CAP_FFMPEG,
            [cv2.CAP_PROP_N_THREADS, self.threads, cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_NONE],
        )
        try:
            if not capture.isOpened():
                raise InputError("unsupported_or_corrupt", "OpenCV can't open this film")
            yield from self._walk(capture, table, targets)
        finally:
            capture.release()

    def _walk(self, capture: cv2.VideoCapture, table: Table, targets: list[int]) -> Iterator[Decoded | None]:
        wanted, final = set(targets), max(targets, default=-1)
        failed, last, grabs = 0, -1, 0
        heard, _ = complaint(0)
        while last < final and failed < FAILURES:
            grabs += 1
            if grabs % TICK == 1:
                yield None
            if not capture.grab():
                failed += 1
                continue
            failed = 0
            self.decoded += 1
            time = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 + self.offset
            rank = int(np.searchsorted(table.times, time - 0.0006))
            if rank >= len(table.times) or rank <= last or table.times[rank] - time > 0.002:
                continue
            last = rank
            heard, damage = complaint(heard)
            if damage:
                self.damaged.append(rank)
            if rank in wanted:
                shown = _Grabbed(rank, capture, self.size)
                if not shown.corrupt:
                    yield shown
