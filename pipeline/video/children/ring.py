"""The shared memory that pictures come through: slots used in turn, and an eventfd that counts the free ones.

    child   put: wait for a free slot, copy in, tell its number        ours   take: copy out, count it free again

Both are descriptors without names, so nothing is left behind however either side ends.
"""

import mmap
import os

import numpy as np

from pipeline.frames import Image


class Ring:
    """Our end, which owns it."""

    def __init__(self, size: tuple[int, int], most: int) -> None:
        frame = size[0] * size[1] * 3
        self.slots = max(4, min(512, most // frame))
        self.memory = os.memfd_create("scenescribe-frames", os.MFD_CLOEXEC)
        os.ftruncate(self.memory, self.slots * frame)
        self.room = os.eventfd(self.slots, os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        self._map = mmap.mmap(self.memory, self.slots * frame)
        self._frames = np.frombuffer(self._map, np.uint8).reshape(self.slots, size[1], size[0], 3)

    def take(self, slot: int, place: Image) -> None:
        """Copy a picture out to where it is wanted; its slot is free again."""
        np.copyto(place, self._frames[slot])
        os.eventfd_write(self.room, 1)

    def close(self) -> None:
        del self._frames
        self._map.close()
        os.close(self.memory)
        os.close(self.room)


class Writer:
    """The child's end."""

    def __init__(self, memory: int, room: int, size: tuple[int, int], slots: int) -> None:
        self._room, self._slots, self._next = room, slots, 0
        self._map = mmap.mmap(memory, slots * size[0] * size[1] * 3)
        self._frames = np.frombuffer(self._map, np.uint8).reshape(slots, size[1], size[0], 3)

    def put(self, image: Image) -> int:
        """Copy a picture into the next slot, when it is free; answers which."""
        os.eventfd_read(self._room)
        slot = self._next % self._slots
        self._frames[slot] = image
        self._next += 1
        return slot

    def close(self) -> None:
        del self._frames
        self._map.close()
