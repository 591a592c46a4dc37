"""Wanted frames of one film, in order, from children that may crash: what ``film`` makes windows of."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Image, VideoInfo
from pipeline.video.cuts import cut_at_border
from pipeline.video.gate import Source
from pipeline.video.limits import Limits
from pipeline.video.look import crashed, refuse
from pipeline.video.pool import Child, Crashed, WorkerPool, new_table_id
from pipeline.video.ring import Ring
from pipeline.video.stretches import Stretch, divide
from pipeline.video.table import Table, pack, unpack

Event = tuple[str, int, Image | None]
"""("frame", rank, picture), ("cut", rank of a shot's first frame, None) or ("lost", rank, None)"""


class _Unclean(Exception):
    """The film can't be entered where it says so."""


class Closed(Exception):
    """The film was closed while it was being read."""


@dataclass(slots=True)
class _Lane:
    """A child at work on a stretch, and the ring that it fills."""

    child: Child
    ring: Ring
    busy: bool = False


class Reading:
    """One film being read: its table, its children, and what became of it."""

    def __init__(
        self, source: Source, info: VideoInfo, size: tuple[int, int], pool: WorkerPool, limits: Limits, workers: int
    ) -> None:
        self.source, self.info, self.size, self.pool, self.limits = source, info, size, pool, limits
        self.workers, self.threads = max(1, workers), max(1, limits.threads // max(1, workers))
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
        self,
        targets: NDArray[np.int64],
        *,
        cuts: bool,
        keyframes: bool,
        reader: str,
        loose: bool = False,
        everything: bool = False,
    ) -> Iterator[Event]:
        """The frames of these ranks in order, as they come. ``loose``: or the next ones that are cheaper.

        Raises InputError, Closed.
        """
        options = {"cuts": cuts, "keyframes": keyframes, "reader": reader, "loose": loose and not everything}
        divided = (
            reader == "pyav" and not (everything or self.table().repaired or self.info.interlaced) and (cuts or self.workers > 1)
        )
        frame = self.size[0] * self.size[1] * 3
        parts = (
            divide(self.table(), targets, most=self.limits.ring // frame, cuts=cuts) if divided else [Stretch(targets=targets)]
        )
        reached = -1
        try:
            for event in self._in_turn(parts, {**options, "everything": everything}):
                if event[0] != "cut":
                    reached = event[1]
                yield event
            return
        except _Unclean:
            rest = targets[np.searchsorted(targets, reached, side="right") :]
        lead = [reached] if cuts and reached >= 0 else []
        again = Stretch(targets=np.array([*lead, *rest], np.int64), silent=tuple(lead))
        yield from self._in_turn([again], {**options, "loose": False, "everything": True})

    def _in_turn(self, parts: list[Stretch], options: dict[str, Any]) -> Iterator[Event]:
        """All stretches in order; as many as there are workers are being read meanwhile."""
        lanes: dict[int, _Lane] = {}
        tail = b""
        try:
            for number, part in enumerate(parts):
                for ahead in range(number, min(number + self.workers, len(parts))):
                    if ahead not in lanes:
                        done = ahead - self.workers
                        lanes[ahead] = lanes.pop(done) if done in lanes else self._lane()
                        self._begin(lanes[ahead], parts[ahead], options)
                early: list[Event] | None = [] if number and options["cuts"] else None
                for event, edge in self._stretch(lanes, number, part, options):
                    if edge and event[0] == "head" and early is not None:
                        if cut_at_border(tail, edge):
                            yield "cut", int(part.targets[0] if part.lead < 0 else part.lead), None
                        yield from early
                        early = None
                    elif event[0] == "done":
                        tail = edge
                    elif event[0] != "head":
                        if early is None:
                            yield event
                        else:
                            early.append(event)
                yield from early or ()
        finally:
            for lane in lanes.values():
                lane.ring.close()
                if lane.busy:
                    lane.child.interrupt()
                self._release(lane.child)

    def _stretch(
        self, lanes: dict[int, _Lane], number: int, part: Stretch, options: dict[str, Any]
    ) -> Iterator[tuple[Event, bytes]]:
        """What a child tells of one stretch; a second child goes on where the first one dies."""
        reached = -1
        while True:
            lane = lanes[number]
            try:
                for event, edge in self._messages(lane):
                    if event[0] in ("frame", "lost"):
                        reached = event[1]
                    yield event, edge
                return
            except Crashed as crash:
                lane.ring.close()
                self._release(lane.child)
                del lanes[number]
                self._crash(crash)
                rest = part.targets[np.searchsorted(part.targets, reached, side="right") :]
                lead = [reached] if options["cuts"] and reached >= 0 else []
                lanes[number] = self._lane()
                again = Stretch(targets=np.array([*lead, *rest], np.int64), silent=(*lead, *part.silent))
                self._begin(lanes[number], again, options)

    def _lane(self) -> _Lane:
        return _Lane(self._acquire(), Ring(self.size, self.limits.ring))

    def _begin(self, lane: _Lane, part: Stretch, options: dict[str, Any]) -> None:
        """Ask a child for a stretch; what goes wrong is noticed when its messages are read."""
        table, info = self.table(), self.info
        lane.busy = True
        with suppress(Crashed):
            if lane.child.table != self._id:
                described, payload = pack(table)
                lane.child.request({"op": "table", "table": self._id, **described}, payload)
                lane.child.table = self._id
            request = {"op": "read", "table": self._id, "size": self.size, "slots": lane.ring.slots, "threads": self.threads}
            request |= {"rotation": info.rotation, "mirrored": info.mirrored, "interlaced": info.interlaced}
            request |= {"offset": float(table.times[0]), "silent": part.silent, **options}
            lane.child.request(request, part.targets.tobytes(), [self.source.fd, lane.ring.memory, lane.ring.room])

    def _messages(self, lane: _Lane) -> Iterator[tuple[Event, bytes]]:
        """All that a child tells of the stretch it was asked for."""
        table = self.table()
        while lane.busy:
            if lane.child.dead:
                raise Crashed(False, "")
            head, payload = lane.child.message(self.limits.stall)
            if "frame" in head:
                self.position = float(table.times[head["frame"]])
                if head["corrupt"]:
                    self.damaged.add(head["frame"])
                yield ("frame", head["frame"], lane.ring.take(head["slot"])), b""
            elif "cut" in head:
                yield ("cut", head["cut"], None), b""
            elif "lost" in head:
                self.lost.update(head["lost"])
                for rank in head["lost"]:
                    yield ("lost", rank, None), b""
            elif "head" in head:
                yield ("head", head["head"], None), payload
            elif "done" in head:
                lane.busy = False
                self.seconds += head["seconds"]
                self.decoded += head["decoded"]
                self.damaged.update(head["damaged"])
                yield ("done", -1, None), payload
            elif "unclean" in head:
                lane.busy = False
                raise _Unclean
            elif "error" in head:
                lane.busy = False
                refuse(head, self.source)

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
