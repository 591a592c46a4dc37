"""Wanted frames of one film, in order, from children that may crash: what ``film`` makes windows of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Image, VideoInfo
from pipeline.video.children.pool import Child, Crashed, WorkerPool, new_table_id
from pipeline.video.children.readahead import Lane, Lanes
from pipeline.video.children.ring import Ring
from pipeline.video.children.segments import Stretch, divide
from pipeline.video.cuts.rule import cut_at_border
from pipeline.video.cuts.slides import STOOD, turn_at_border
from pipeline.video.limits import Limits
from pipeline.video.probe import crashed, refuse
from pipeline.video.source import Source
from pipeline.video.table import Table, pack, unpack

Event = tuple[str, int, Image | None]
"""("frame", rank, picture), ("cut", rank of a shot's first frame, None) or ("lost", rank, None)"""


SHARES = 4
"""stretches for each child, so that none waits long for the last one"""


class _Unclean(Exception):
    """The film can't be entered where it says so."""


class Closed(Exception):
    """The film was closed while it was being read."""


class Reading:
    """One film being read: its table, its children, and what became of it."""

    def __init__(
        self, source: Source, info: VideoInfo, size: tuple[int, int], pool: WorkerPool, limits: Limits, workers: int
    ) -> None:
        self.source, self.info, self.size, self.pool, self.limits = source, info, size, pool, limits
        self.workers = max(1, workers)
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
            assert child is not None
            try:
                request = {"op": "list", "table": self._id, "start": self.info.start, "fps": self.info.fps}
                request |= {"frames": self.limits.frames, "cpu": self.limits.processor_seconds(size=self.info.size)}
                child.request(request, fds=[self.source.fd])
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
        place: Callable[[int], Image],
        cuts: bool,
        keyframes: bool,
        reader: str,
        loose: bool = False,
        everything: bool = False,
    ) -> Iterator[Event]:
        """The frames of these ranks in order, as they come. ``loose``: or the next ones that are cheaper.

        ``place``: where the picture of a rank is to be copied, an array of height x width x 3.

        Raises InputError, Closed.
        """
        self._place = place
        options = {"cuts": cuts, "keyframes": keyframes, "reader": reader, "loose": loose and not everything}
        divided = (
            reader == "pyav" and not (everything or self.table().repaired or self.info.interlaced) and (cuts or self.workers > 1)
        )
        most = self.limits.ring // (self.size[0] * self.size[1] * 3)
        if not cuts:  # where cuts are looked for, the division must be the same with any number of children
            most = min(most, len(targets) // (SHARES * self.workers) + 1)
        parts = divide(self.table(), targets, most=most, cuts=cuts) if divided else [Stretch(targets=targets)]
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
        """All stretches in order; others are being read meanwhile where there are children for them."""
        lanes = Lanes(
            parts,
            most=self.workers,
            acquire=self._acquire,
            release=self._release,
            begin=lambda lane, part: self._ask(lane, part, options),
            ring=lambda: Ring(self.size, self.limits.ring),
        )
        tail = b""
        try:
            for number, part in enumerate(parts):
                lanes.staff(number, crowded=self.pool.crowded)
                early: list[Event] | None = [] if number and options["cuts"] else None
                for event, edge in self._stretch(lanes, number, part, lead=options["cuts"]):
                    if edge and event[0] == "head" and early is not None:
                        first = int(part.targets[0] if part.lead < 0 else part.lead)
                        if cut_at_border(tail, edge) or turn_at_border(tail, edge, self._stood(first)):
                            yield "cut", first, None
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
            lanes.close()

    def _stood(self, first: int) -> tuple[bool, bool]:
        """Whether the frame before this one, and this one, are shown long enough to be slides by themselves."""
        beside = self.table().times[first - 1 : first + 2]
        return bool(beside[1] - beside[0] >= STOOD), bool(len(beside) < 3 or beside[2] - beside[1] >= STOOD)

    def _stretch(self, lanes: Lanes, number: int, part: Stretch, *, lead: bool) -> Iterator[tuple[Event, bytes]]:
        """What a child tells of one stretch; a second child goes on where the first one dies.

        ``lead``: the last frame that came is looked at once more, for what was seen before it is forgotten.
        """
        reached = -1
        while True:
            try:
                for event, edge in self._messages(lanes[number]):
                    if event[0] in ("frame", "lost"):
                        reached = event[1]
                    yield event, edge
                return
            except Crashed as crash:
                self._crash(crash)
                rest = part.targets[np.searchsorted(part.targets, reached, side="right") :]
                before = [reached] if lead and reached >= 0 else []
                again = Stretch(
                    targets=np.array([*before, *rest], np.int64),
                    silent=(*before, *part.silent),
                    exact=part.exact,
                    peeks=part.peeks,
                )
                lanes.replace(number, again)

    def _ask(self, lane: Lane, part: Stretch, options: dict[str, Any]) -> None:
        table, info = self.table(), self.info
        if lane.child.table != self._id:
            described, payload = pack(table)
            lane.child.request({"op": "table", "table": self._id, **described}, payload)
            lane.child.table = self._id
        request = {"op": "read", "table": self._id, "size": self.size, "slots": lane.ring.slots}
        request |= {"rotation": info.rotation, "mirrored": info.mirrored, "interlaced": info.interlaced}
        request["cpu"] = self.limits.processor_seconds(frames=len(table.times), pixels=info.width * info.height)
        request["threads"] = max(1, round(self.limits.threads / max(1, self.pool.working)))  # those at work share the cores
        request |= {"offset": float(table.times[0]), **options}
        request |= {"silent": part.silent, "exact": part.exact, "peeks": part.peeks}
        lane.child.request(request, part.targets.tobytes(), [self.source.fd, lane.ring.memory, lane.ring.room])

    def _messages(self, lane: Lane) -> Iterator[tuple[Event, bytes]]:
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
                image = self._place(head["frame"])
                lane.ring.take(head["slot"], image)
                yield ("frame", head["frame"], image), b""
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

    def _acquire(self, must: bool = True) -> Child | None:
        if self.closed:
            raise Closed
        child = self.pool.acquire(self._id) if must else self.pool.acquire_spare(self._id)
        if child is not None:
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
        if self._crashes >= 2 or crash.spent:
            raise crashed(crash, self.source) from None
