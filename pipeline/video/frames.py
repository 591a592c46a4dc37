"""Wanted frames of one film, in order, from children that may crash: what ``film`` makes windows of."""

import mmap
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Image, VideoInfo
from pipeline.video import wire
from pipeline.video.gate import Source
from pipeline.video.limits import Limits
from pipeline.video.look import crashed, refuse
from pipeline.video.pool import Child, Crashed, WorkerPool, new_table_id
from pipeline.video.table import Table, pack, unpack

Event = tuple[str, int, Image | None]
"""("frame", rank, picture), ("cut", rank of a shot's first frame, None) or ("lost", rank, None)"""


class _Unclean(Exception):
    """The film can't be entered where it says so."""


class Closed(Exception):
    """The film was closed while it was being read."""


class Ring:
    """Our end of the shared memory: it belongs to nobody else and vanishes with the last of us, however that ends."""

    def __init__(self, size: tuple[int, int], limits: Limits) -> None:
        frame = size[0] * size[1] * 3
        self.slots = max(4, min(512, limits.ring // frame))
        self.memory = os.memfd_create("scenescribe-frames", os.MFD_CLOEXEC)
        os.ftruncate(self.memory, self.slots * frame)
        self.room = os.eventfd(self.slots, os.EFD_SEMAPHORE | os.EFD_CLOEXEC)
        self._map = mmap.mmap(self.memory, self.slots * frame)
        self._frames = np.frombuffer(self._map, np.uint8).reshape(self.slots, size[1], size[0], 3)

    def take(self, slot: int) -> Image:
        """A picture, copied out; its slot is free again."""
        image: Image = self._frames[slot].copy()
        os.eventfd_write(self.room, 1)
        return image

    def close(self) -> None:
        del self._frames
        self._map.close()
        os.close(self.memory)
        os.close(self.room)


class Reading:
    """One film being read: its table, its children, and what became of it."""

    def __init__(self, source: Source, info: VideoInfo, size: tuple[int, int], pool: WorkerPool, limits: Limits) -> None:
        self.source, self.info, self.size, self.pool, self.limits = source, info, size, pool, limits
        self.seconds, self.decoded, self.reader = 0.0, 0, info.reader
        self.lost: set[int] = set()
        self.damaged: set[int] = set()
        self.position = 0.0
        self._id = new_table_id()
        self._table: Table | None = None
        self._children: set[Child] = set()
        self._crashes = 0
        self.closed = False

    def close(self) -> None:
        """End whatever is being waited for."""
        self.closed = True
        for child in list(self._children):
            child.interrupt()

    def table(self) -> Table:
        """When all frames are shown. Raises InputError, Closed."""
        while self._table is None:
            child = self._acquire()
            try:
                child.request(
                    {
                        "op": "list",
                        "table": self._id,
                        "start": self.info.start,
                        "fps": self.info.fps,
                        "frames": self.limits.frames,
                    },
                    fds=[self.source.fd],
                )
                head, payload = child.answer(self.limits.stall)
                refuse(head, self.source)
                self._table, child.table = unpack(head, payload), self._id
            except Crashed as crash:
                self._crash(crash)
            finally:
                self._release(child)
        return self._table

    def frames(
        self, targets: NDArray[np.int64], *, cuts: bool, keyframes: bool, reader: str, everything: bool = False
    ) -> Iterator[Event]:
        """The frames of these ranks, as they come. Raises InputError, Closed."""
        done = -1
        while True:
            rest = targets[np.searchsorted(targets, done, side="right") :]
            silent = 0
            if cuts and done >= 0:
                rest, silent = np.concatenate([[done], rest]).astype(np.int64), 1
            try:
                for event in self._once(
                    rest, silent=silent, cuts=cuts, keyframes=keyframes, reader=reader, everything=everything
                ):
                    if event[0] != "cut":
                        done = max(done, event[1])
                    yield event
                return
            except _Unclean:
                everything = True
            except Crashed as crash:
                self._crash(crash)

    def _once(self, targets: NDArray[np.int64], **options: Any) -> Iterator[Event]:
        table = self.table()
        child, ring = self._acquire(), Ring(self.size, self.limits)
        finished = False
        try:
            if child.table != self._id:
                described, payload = pack(table)
                child.request({"op": "table", "table": self._id, **described}, payload)
                child.table = self._id
            info = self.info
            child.request(
                {
                    "op": "read",
                    "table": self._id,
                    "size": self.size,
                    "slots": ring.slots,
                    "threads": self.limits.threads,
                    "rotation": info.rotation,
                    "mirrored": info.mirrored,
                    "interlaced": info.interlaced,
                    "offset": info.stream_start - info.start,
                    **options,
                },
                targets.tobytes(),
                [self.source.fd, ring.memory, ring.room],
            )
            while not finished:
                head, _ = child.message(self.limits.stall)
                if "frame" in head:
                    self.position = float(table.times[head["frame"]])
                    if head["corrupt"]:
                        self.damaged.add(head["frame"])
                    yield "frame", head["frame"], ring.take(head["slot"])
                elif "cut" in head:
                    yield "cut", head["cut"], None
                elif "lost" in head:
                    self.lost.update(head["lost"])
                    for rank in head["lost"]:
                        yield "lost", rank, None
                elif "done" in head:
                    finished = True
                    self.seconds += head["seconds"]
                    self.decoded += head["decoded"]
                    self.damaged.update(head["damaged"])
                elif "unclean" in head:
                    finished = True
                    raise _Unclean
                elif "error" in head:
                    finished = True
                    refuse(head, self.source)
        except wire.HungUp as error:
            raise Crashed(False, "") from error
        finally:
            ring.close()
            if not finished:
                child.interrupt()
            self._release(child)

    def _acquire(self) -> Child:
        if self.closed:
            raise Closed
        child = self.pool.acquire(self._id)
        self._children.add(child)
        if self.closed:
            child.interrupt()
        return child

    def _release(self, child: Child) -> None:
        self._children.discard(child)
        self.pool.release(child)

    def _crash(self, crash: Crashed) -> None:
        if self.closed:
            raise Closed from None
        self._crashes += 1
        if self._crashes >= 2:
            raise crashed(crash, self.source) from None
