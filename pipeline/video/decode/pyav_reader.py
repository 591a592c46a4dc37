"""The PyAV reader: decodes what a plan asks for and nothing else; whole pictures from fields; keyframes alone.

Where a decoder can tell that no other frame is built on a frame (``skip_frame=NONREF``), that frame is decoded only if
it is wanted. Everything that is decoded is handed on, wanted or not: the search for cuts looks at all of it.
"""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.types import Image
from pipeline.video.cuts.rule import SMALL
from pipeline.video.decode import libav
from pipeline.video.decode.decoded import Shown
from pipeline.video.decode.decoder_log import complaint
from pipeline.video.decode.nal import framing, is_idr
from pipeline.video.decode.plan import BLURRED, FEED, JUMP, LOOK, SPARE, TARGET, Plan
from pipeline.video.decode.unshown import Unshown
from pipeline.video.table import Listing, Table, build

SEARCHED = 2
"""seconds to go back further in containers without an index, where a seek may land inside a frame"""
TICK = 64
"""packets between two signs of life"""


class Unclean(Exception):
    """A frame that is marked as an entry is none: the film must be decoded from its start."""


class _Frame(Shown):
    """A decoded frame of libav, made a picture only when somebody asks."""

    def __init__(self, rank: int, wanted: bool, frame: Any, look: "PyAVReader") -> None:
        super().__init__(rank, wanted, bool(frame.is_corrupt))
        self._frame, self._look = frame, look

    def image(self) -> Image:
        turn, mirrored, size = self._look.turn, self._look.mirrored, self._look.size
        image = libav.picture(self._frame, size[::-1] if turn in (90, 270) else size)
        image = image[:, ::-1] if mirrored else image
        return np.ascontiguousarray(np.rot90(image, -turn // 90)) if turn or mirrored else image

    def small(self) -> Image:
        return libav.tiny(self._frame, SMALL)


class PyAVReader:
    """One film, read by libav."""

    def __init__(self, fd: int, *, size: tuple[int, int], turn: int, mirrored: bool, deinterlace: bool, threads: int) -> None:
        self.fd, self.size, self.turn, self.mirrored, self.deinterlace, self.threads = (
            fd,
            size,
            turn,
            mirrored,
            deinterlace,
            threads,
        )
        self.watchful = 0
        """which ends of groups are decoded though no sample is there: 1, those that are SPARE; 2, all. Who looks for cuts changes it
        on the way"""
        self.decoded = 0
        self.damaged: list[int] = []
        """ranks of frames whose packets could not be decoded"""

    def read(self, table: Table, plan: Plan) -> Iterator[Shown | None]:
        """Everything that gets decoded, as it is shown; None is a sign of life."""
        with libav.open_container(self.fd) as container:
            stream = libav.film_stream(container)
            libav.set_up(stream, self.threads, 0 if table.repaired else table.depth)
            yield from self._walk(stream, plan, _aligned(container, stream, plan, self.fd), by_order=table.repaired)

    def _walk(self, stream: Any, plan: Plan, packets: Iterator[Any], *, by_order: bool) -> Iterator[Shown | None]:
        context = stream.codec_context
        units = framing(context.name, bytes(context.extradata or b""))
        pending: dict[int, tuple[int, bool]] = {}
        wanted_ranks = set(plan.ranks[(plan.actions & TARGET) > 0].tolist())
        graph = None
        asleep = True
        mode = ""
        last = -1
        entering = lead = False
        tail: bool | None = None
        entry = -(1 << 62)
        heard, _ = complaint(0)

        def show(frames: list[Any]) -> Iterator[Shown]:
            nonlocal graph, entering
            for frame in frames:
                self.decoded += 1
                if entering and (frame.pict_type != 1 or frame.is_corrupt):
                    raise Unclean
                entering = False
                if self.deinterlace:
                    graph = graph or libav.deinterlacer(stream, frame)
                    graph.push(frame)
                    ready = _pull(graph)
                else:
                    ready = [frame]
                yield from number(ready)

        def number(frames: list[Any]) -> Iterator[Shown]:
            nonlocal last, heard
            for frame in frames:
                rank, wanted = (
                    (last + 1, last + 1 in wanted_ranks) if by_order else pending.pop(_ticks(frame, stream), (-1, False))
                )
                if rank > last:
                    last = rank
                    heard, damage = complaint(heard)
                    if damage:
                        self.damaged.append(rank)
                    yield _Frame(rank, wanted, frame, self)

        def drain() -> Iterator[Shown]:
            nonlocal graph
            yield from show(_decode(context, None))
            if entering:
                raise Unclean
            if graph is not None:
                graph.push(None)
                yield from number(_pull(graph))
                graph = None
            context.flush_buffers()

        for number_of, (packet, action, rank, ticks) in enumerate(
            zip(packets, plan.actions.tolist(), plan.ranks.tolist(), plan.pts.tolist(), strict=False)
        ):
            if number_of % TICK == 0:
                yield None
            ending = action & (SPARE | BLURRED)
            if ending and ticks > entry and tail is None:  # the end of a group; what leads the next one in goes the same way
                tail = self.watchful >= (1 if action & SPARE else 2)
            if not action & FEED and not (ending and (tail if ticks > entry else lead)):
                continue
            if action & JUMP:
                lead, tail, entry = bool(tail), None, ticks
                if not is_idr(packet, units):  # else the decoder forgets by itself, and its threads go on
                    if not lead and not asleep:
                        yield from drain()
                        pending.clear()
                    entering = number_of + plan.first > 0 and not lead
            asleep = False
            wanted = bool(action & TARGET)
            if rank >= 0 and packet.pts is not None:
                pending[packet.pts] = (rank, wanted)
            needed = "DEFAULT" if wanted or action & LOOK or self.deinterlace or by_order or plan.whole else "NONREF"
            if needed != mode:
                context.skip_frame = mode = needed
            try:
                frames = context.decode(packet)
            except libav.AvError:
                self.damaged.append(rank)
                entering = False
                continue
            yield from show(frames)
        if not asleep:
            yield from drain()


def _decode(context: Any, packet: Any) -> list[Any]:
    try:
        return list(context.decode(packet))
    except libav.AvError:
        return []


def _ticks(frame: Any, stream: Any) -> int:
    """A frame's time in ticks of its stream: filters count in ticks of their own."""
    if frame.pts is None:
        return -1
    return int(
        frame.pts if frame.time_base in (None, stream.time_base) else round(frame.pts * frame.time_base / stream.time_base)
    )


def _pull(graph: Any) -> list[Any]:
    frames = []
    while True:
        try:
            frames.append(graph.pull())
        except (libav.AvError, EOFError, BlockingIOError):
            return frames


def _aligned(container: Any, stream: Any, plan: Plan, fd: int) -> Iterator[Any]:
    """Packets from the plan's first on: by a seek where that lands before it, else by counting from the start."""
    if plan.first == 0 or len(plan.pts) == 0:
        yield from libav.packets(container, stream)
        return
    goal = int(plan.pts[0])
    margin = 0 if container.format.name.startswith(("mov", "matroska")) else int(SEARCHED / stream.time_base)
    found = False
    for number, packet in enumerate(libav.packets(container, stream) if libav.seek(container, stream, goal - margin) else ()):
        if not found and packet.pts == goal:
            found = True
        if found:
            yield packet
        elif packet.pts is None or (packet.is_keyframe and packet.pts > goal) or number > 20000:
            break
    if not found:
        with libav.open_container(fd) as again:
            for number, packet in enumerate(libav.packets(again, libav.film_stream(again))):
                if number >= plan.first:
                    yield packet


def list_packets(fd: int, *, start: float, fps: float, most: int) -> Iterator[Table | None]:
    """The table of a film; every None before it is a sign of life."""
    with libav.open_container(fd) as container:
        stream = libav.film_stream(container)
        base = float(stream.time_base)
        pts, sizes, key, known, hidden = array("q"), array("i"), bytearray(), bytearray(), bytearray()
        holes: list[float] = []
        heard, duration, latest = 0, 0, None
        heard, _ = complaint(0)
        unshown = Unshown(stream.codec_context.codec.canonical_name, bytes(stream.codec_context.extradata or b""))
        for number, packet in enumerate(libav.packets(container, stream)):
            if number % 4096 == 0:
                yield None
            if number >= most:
                break
            stamp = packet.pts
            known.append(stamp is not None)
            pts.append(stamp or 0)
            sizes.append(packet.size)
            key.append(packet.is_keyframe)
            hidden.append(packet.is_discard or unshown(packet))
            heard, damage = complaint(heard)
            if damage or packet.is_corrupt:
                holes.append((stamp or latest or 0) * base - start)
            if stamp is not None and not hidden[-1] and (latest is None or stamp >= latest):
                latest, duration = stamp, packet.duration or 0
        yield build(
            Listing(
                np.array(pts, np.int64),
                np.frombuffer(bytes(known), np.bool_),
                np.frombuffer(bytes(key), np.bool_),
                np.frombuffer(bytes(hidden), np.bool_),
                np.array(sizes, np.int32),
                base=base,
                start=start,
                fps=fps,
                last_duration=duration * base,
                holes=tuple(holes[:1000]),
            )
        )
