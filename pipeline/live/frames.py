"""The pictures of a stream that our side knows of: where they stand in time, and in which slot of the ring they are."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from pipeline.frames import FrameBatch
from pipeline.video.live.ring import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One picture in the ring."""

    serial: int
    time: float
    """seconds on the stream's clock"""
    media: float
    """seconds on its epoch's clock"""
    arrival: float
    """on the monotonic clock"""


class Frames:
    """The newest ``most`` pictures of one connection."""

    def __init__(self, ring: Reader, most: int) -> None:
        self._ring = ring
        self._known: deque[Known] = deque(maxlen=most)

    def add(self, known: Known) -> None:
        self._known.append(known)

    def within(self, start: float, end: float) -> list[Known]:
        """Those of [start, end), by their times: they may have come in another order."""
        found = [known for known in self._known if start - 1e-6 <= known.time < end - 1e-6]
        return sorted(found, key=lambda known: known.time)

    def copy(self, chosen: list[Known], start: float) -> tuple[FrameBatch, list[Known]]:
        """The pictures that are still there, and which those are; their times are counted from ``start``."""
        width, height = self._ring.size
        data = np.empty((len(chosen), height, width, 3), np.uint8)
        there: list[Known] = []
        for known in chosen:
            if self._ring.take(known.serial, data[len(there)]):
                there.append(known)
        batch = FrameBatch(
            data=data[: len(there)],
            times=tuple(known.time - start for known in there),
            indices=tuple(known.serial for known in there),
        )
        return batch, there


def evenly(chosen: list[Known], count: int) -> list[Known]:
    """``count`` of them, evenly spread, the newest always among them: it is what is going on."""
    if len(chosen) <= count:
        return chosen
    step = len(chosen) / count
    return [chosen[round((n + 1) * step) - 1] for n in range(count)]
