"""Pictures that are files of their own, decoded by the children: many a message, so that a child does hundreds a second.

files (bytes) --socket--> child --shared memory--> pictures        a file that crashes a child costs itself only
"""

import mmap
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.preset import FrameSize
from pipeline.errors import InputError
from pipeline.images.unpack import MOST, Picture
from pipeline.video.children.child import Child, Crashed
from pipeline.video.children.messages import Failure
from pipeline.video.children.picture_messages import Shape, Still, Unpack, Unpacked
from pipeline.video.children.pool import WorkerPool

TOGETHER = 16
"""files of one message"""
TOGETHER_BYTES = 32 << 20
LARGEST = 256 << 20
"""bytes of a file"""
SECONDS = 20.0
"""processor seconds that a file may take, beside what its bytes allow"""
PATIENCE = 4.0
"""times the usual wait that a picture gets that was waited for in vain once, before it is called damaged"""


class Stopped(Exception):
    """What is decoded is wanted by nobody any more."""


@dataclass(slots=True)
class PictureDecoder:
    """Blocks; threads may share it: each call has a child of its own while it runs. ``stop`` ends them all."""

    pool: WorkerPool
    size: FrameSize
    """how large pictures are wanted"""
    most: int = MOST
    """pixels that a file may have"""
    seconds: float = 0.0
    """that decoding took so far, all processes together"""
    _at_work: set[Child] = field(default_factory=set, init=False)
    _stopped: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def stop(self) -> None:
        """Wake whoever waits for a picture, from another thread: nobody wants it. A process that a busy machine lets wait may have
        minutes of patience, and ours would end no sooner than its threads."""
        with self._lock:
            self._stopped = True
            at_work = list(self._at_work)
        for child in at_work:
            child.interrupt()

    def decode(self, files: Sequence[bytes]) -> Iterator[Picture | InputError]:
        """Each file's picture, or why there is none, in order.

        Raises EnvironmentFault where children can't be started, Stopped after ``stop``.
        """
        for batch in batches(files):
            yield from self._batch(batch)

    def _batch(self, files: Sequence[bytes], patience: float = 1.0) -> list[Picture | InputError]:
        try:
            return self._asked(files, patience)
        except Crashed as crash:
            if self._stopped:
                raise Stopped from None
            if len(files) > 1:  # one of them; the others are no worse for it
                return [found for one in files for found in self._batch([one])]
            if crash.stalled and patience < PATIENCE:  # it used no time of a processor: the machine may have had none for it
                return self._batch(files, PATIENCE)
            took = "took more processor time than any picture needs" if crash.spent else "hung" if crash.stalled else "crashed"
            return [InputError("bad_picture", f"its decoder {took}; the picture is damaged, or made to do that")]

    def _asked(self, files: Sequence[bytes], patience: float) -> list[Picture | InputError]:
        """Raises Crashed."""
        if len(files) == 1 and len(files[0]) > LARGEST:
            return [InputError("picture_too_large", f"the file has {len(files[0]) >> 20} MB, and {LARGEST >> 20} are the most")]
        room = len(files) * _bytes_of(self.size)
        child = self._begun()
        memory = os.memfd_create("scenescribe-pictures", os.MFD_CLOEXEC)
        try:
            os.ftruncate(memory, room)
            child.request(_wish(files, self.size, self.most, room), [memory])
            answer = child.answer(Unpacked, patience * (self.pool.limits.stall + len(files) * SECONDS))
            if isinstance(answer, Failure):
                return [InputError("picture_too_large", answer.message) for _ in files]
            if len(answer.stills) != len(files):
                raise child.distrust("it answered for other pictures than it was asked")
            self.seconds += answer.seconds
            with mmap.mmap(memory, room, prot=mmap.PROT_READ) as mapped:
                return list(self._taken(child, answer.stills, mapped))
        finally:
            os.close(memory)
            with self._lock:
                self._at_work.discard(child)
            self.pool.release(child)

    def _begun(self) -> Child:
        """A child that ``stop`` knows of. Raises Stopped."""
        child = self.pool.acquire()
        with self._lock:
            if not self._stopped:
                self._at_work.add(child)
                return child
        self.pool.release(child)
        raise Stopped

    def _taken(self, child: Child, stills: Sequence[Still], mapped: mmap.mmap) -> Iterator[Picture | InputError]:
        at = 0
        for still in stills:
            if still.code:
                yield InputError(still.code, still.message[:300])
                continue
            shape = (still.high, still.wide, 3)
            count = still.high * still.wide * 3
            if (still.wide, still.high) != self.size.of(still.width, still.height) or at + count > len(mapped):
                raise child.distrust("it told of a picture of another size than was asked")
            image = np.frombuffer(mapped, np.uint8, count, at).reshape(shape).copy()
            yield Picture(image=image, width=still.width, height=still.height)
            at += count


def batches(files: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """In order, TOGETHER and TOGETHER_BYTES at most each; a larger file goes alone."""
    start = total = 0
    for end, data in enumerate(files):
        if end > start and (end - start == TOGETHER or total + len(data) > TOGETHER_BYTES):
            yield files[start:end]
            start, total = end, 0
        total += len(data)
    if start < len(files):
        yield files[start:]


def _wish(files: Sequence[bytes], size: FrameSize, most: int, room: int) -> Unpack:
    total = sum(map(len, files))
    shape = Shape(
        mode=size.mode, side=size.side, multiple=size.multiple, min_pixels=size.min_pixels, max_pixels=size.max_pixels
    )  # fmt: skip
    return Unpack(
        lengths=tuple(map(len, files)), shape=shape, pixels=most, room=room,
        cpu=int(len(files) * SECONDS + total * 1e-6), files=b"".join(files),
    )  # fmt: skip


def _bytes_of(size: FrameSize) -> int:
    """Bytes of the largest picture of this size; thin strips, whose short side can't be less than a cell, are half as large again."""
    return 3 * (size.side**2 if size.mode == "stretch" else max(size.max_pixels, 200 * size.multiple**2) * 3 // 2)
