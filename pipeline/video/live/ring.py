"""Pictures of a stream in shared memory: the newest overwrite the oldest, and nobody waits.

    slots     | 8 | 9 | 6 | 7 |          serial numbers of pictures; the next one goes where 6 is
    stamps    begin, end of each slot     equal to the serial while a picture is whole (a seqlock)

The writer never knows whether anybody reads; a reader that was too slow learns that its picture is gone.
"""

import mmap
import os

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image

_STAMP = 16
"""bytes before the pictures for each slot: begin and end, u64"""


class _Slots:
    def __init__(self, memory: int, size: tuple[int, int], count: int) -> None:
        width, height = size
        self.size, self.count = size, count
        # every page is there from the start: what a stream takes is known when it is opened, and grows by nothing after that
        self._map = mmap.mmap(memory, nbytes(size, count), flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        self._stamps: NDArray[np.uint64] = np.frombuffer(self._map, np.uint64, count * 2).reshape(count, 2)
        self._frames: NDArray[np.uint8] = np.frombuffer(self._map, np.uint8, offset=count * _STAMP).reshape(
            count, height, width, 3
        )


def nbytes(size: tuple[int, int], count: int) -> int:
    """Bytes that a ring of so many slots takes."""
    return count * (_STAMP + size[0] * size[1] * 3)


class Writer(_Slots):
    """The reading process's end."""

    def put(self, serial: int, image: Image) -> None:
        """Store picture number ``serial``, counted from 1."""
        slot = serial % self.count
        self._stamps[slot, 0] = serial
        self._frames[slot] = image
        self._stamps[slot, 1] = serial


class Reader(_Slots):
    """Our end. The memory goes with the last who holds this object: pictures of a connection that is lost are still asked about."""

    def __init__(self, size: tuple[int, int], count: int) -> None:
        self.memory = os.memfd_create("scenescribe-live", os.MFD_CLOEXEC)
        os.ftruncate(self.memory, nbytes(size, count))
        super().__init__(self.memory, size, count)

    def take(self, serial: int, place: Image) -> bool:
        """Copy a picture to ``place``; False where it is overwritten, and ``place`` holds nothing of use."""
        slot = serial % self.count
        if int(self._stamps[slot, 0]) != serial or int(self._stamps[slot, 1]) != serial:
            return False
        np.copyto(place, self._frames[slot])
        return int(self._stamps[slot, 0]) == serial

    def handed_over(self) -> None:
        """The writer has the descriptor: ours is not needed any more."""
        os.close(self.memory)
