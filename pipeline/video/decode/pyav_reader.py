"""The PyAV reader: decodes what a plan asks for and nothing else; whole pictures from fields; keyframes alone."""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.video.decode import libav
from pipeline.video.decode.card import Card
from pipeline.video.decode.cut_short import cut_short
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.decoder_log import complaint
from pipeline.video.decode.decoding import Decoding
from pipeline.video.decode.describe import declared_end
from pipeline.video.decode.first_whole import FirstWhole
from pipeline.video.decode.heard import until_the_sound_ends
from pipeline.video.decode.holes import keyframes_among_holes
from pipeline.video.decode.order import of_decoding
from pipeline.video.decode.pictures import Cropper
from pipeline.video.decode.plan import Plan
from pipeline.video.decode.seams import Seams
from pipeline.video.decode.unshown import Unshown
from pipeline.video.ground import BLACK, ground
from pipeline.video.listing import UNKNOWN, Listing
from pipeline.video.table import Table, build

SEARCHED = 2
"""seconds to go back further in containers without an index, where a seek may land inside a frame"""
HEADERS = 1000
"""changed headers that are kept, at most"""
HEADER_BYTES = 1 << 12
"""in a header that is kept, at most: parameter sets take some 50"""


class PyAVReader:
    """One film, read by libav."""

    def __init__(
        self,
        fd: int,
        *,
        size: tuple[int, int],
        turn: int,
        mirrored: bool,
        deinterlace: bool,
        threads: int,
        card: Card | None = None,
    ) -> None:
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
        self.ground: int | None = BLACK
        """what is behind its transparent places"""
        self.cropper: Cropper | None = None
        """cuts off what its container shows to nobody"""
        self.card = card
        self.decoded = 0
        self.on_card = 0
        """how many of them the GPU has decoded"""
        self.damaged: list[int] = []
        """ranks of frames whose packets could not be decoded"""

    def read(self, table: Table, plan: Plan) -> Iterator[Decoded | None]:
        """Everything that gets decoded, as it is shown; None is a sign of life."""
        with libav.open_container(self.fd) as container:
            stream = libav.film_stream(container)
            crop = libav.cropped(self.fd, container, stream)
            self.cropper = Cropper(crop) if crop else None
            self.ground = ground(container.format.name, stream.codec_context.name)
            libav.set_up(stream, self.threads, 0 if table.repaired else table.depth)
            yield from Decoding(self, stream, table, plan).frames(_aligned(container, stream, plan, self.fd))


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


def _told_duration(container: Any, stream: Any, latest: int | None, duration: int) -> int:
    """Ticks that the picture which is shown last is shown for, where others are stored behind it.

    MP4 and MOV have the distance from one decoding to the next there, which is that of another picture: of slides a quarter of a minute too
    long. The track's own length tells it then.
    """
    if not container.format.name.startswith("mov") or not stream.frames or not stream.duration or latest is None:
        return duration
    told = int((stream.start_time or 0) + stream.duration - latest)
    return min(duration, told) if told > 0 else duration


def list_packets(fd: int, *, start: float, fps: float, most: int, places: "array[int] | None" = None) -> Iterator[Table | None]:
    """The table of a film; every None before it is a sign of life. ``places`` is filled with where each packet begins in the file,
    -1 where that is not known."""
    with libav.open_container(fd) as container:
        stream = libav.film_stream(container)
        base = float(stream.time_base)
        pts, dts, sizes, key, hidden = array("q"), array("q"), array("i"), bytearray(), bytearray()
        headers: list[tuple[int, bytes]] = []
        holes: list[float] = []
        seams = Seams(fps)
        heard, duration, latest, last, number = 0, 0, None, 0, 0
        heard, _ = complaint(0)
        absent = keyframes_among_holes(fd, stream)
        unshown = Unshown(stream.codec_context.codec.canonical_name, bytes(stream.codec_context.extradata or b""))
        first_whole = FirstWhole(stream.codec_context.codec.canonical_name, bytes(stream.codec_context.extradata or b""))
        for number, packet in enumerate(libav.packets(container, stream)):
            if number % 4096 == 0:
                yield None
            if number >= most:
                break
            first_whole(packet)
            stamp = packet.pts
            pts.append(UNKNOWN if stamp is None else stamp)
            dts.append(UNKNOWN if packet.dts is None else packet.dts)
            if places is not None:
                places.append(-1 if packet.pos is None else packet.pos)
            sizes.append(packet.size)
            key.append(packet.is_keyframe or (packet.pos in absent and not any(bytes(memoryview(packet)[:8]))))
            hidden.append(packet.is_discard or unshown(packet))
            heard, damage = complaint(heard)
            at = stamp if stamp is not None else latest
            seconds = (0 if at is None else at) * base - start
            if damage:
                holes.append(seconds)
            holes += seams.holes(number, packet, seconds, (packet.dts or 0) * base)
            if (header := libav.new_header(packet)) and len(header) <= HEADER_BYTES and len(headers) < HEADERS:
                headers.append((number, header))
            if stamp is not None and not hidden[-1] and (latest is None or stamp >= latest):
                latest, duration, last = stamp, packet.duration or 0, number
        if complaint(heard)[1] or cut_short(
            fd
        ):  # of a file that breaks off in the middle of a packet, of which nothing is handed on
            holes.append((latest or 0) * base - start + duration * base)
        holes = sorted({*holes, *seams.rest()})
        table = build(
            Listing(
                np.array(pts, np.int64),
                np.frombuffer(bytes(key), np.bool_),
                np.frombuffer(bytes(hidden), np.bool_),
                np.array(sizes, np.int32),
                base=base,
                start=start,
                fps=fps,
                last_duration=duration * base if last == number else _told_duration(container, stream, latest, duration) * base,
                holes=tuple(holes[:1000]),
                headers=tuple(headers),
                dts=np.array(dts, np.int64),
                headless=first_whole.before,
                of_decoding=of_decoding(container, stream, np.array(pts, np.int64), np.array(dts, np.int64)),
            )
        )
        told = declared_end(container, stream, start)
    yield from until_the_sound_ends(fd, table, start=start, told=told)
