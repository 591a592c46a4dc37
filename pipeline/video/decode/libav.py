"""THE av door: everything of PyAV that we use, and what its objects mean in our words. Only child processes come here."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.packet import PacketSideData
from av.video.reformatter import Interpolation, VideoReformatter

from pipeline.errors import InputError
from pipeline.frames import Image
from pipeline.video.decode.streams import Candidate, film_among
from pipeline.video.decode.thumbnail import shrink
from pipeline.video.decode.walk import demuxed
from pipeline.video.gif import as_shown
from pipeline.video.headless import why
from pipeline.video.source import DEMUXERS

AvError = av.error.FFmpegError
_ONLY_FILMS = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
PEEKED = 400
"""packets that are looked at to tell a still picture from a film, where the container does not count frames"""
TIME_BASE: int = av.time_base
"""parts of a second in which containers count"""
_NEW_EXTRADATA = 1
"""AV_PKT_DATA_NEW_EXTRADATA (libavcodec/packet.h)"""
DEEPEST = 16
"""frames that a decoder can hold back (ITU-T H.264 A.3.1); libav ends the process where it is told more"""


def listen() -> None:
    """Let libav write its errors to this process's standard error, which is a file in memory: ``complaints`` reads it."""
    av.logging.restore_default_callback()
    av.logging.set_libav_level(16)


def open_container(fd: int) -> Any:
    """Open the film behind a descriptor: only files, only film formats.

    Libav decodes some pictures of its own to learn what a stream is like. In containers that tell it themselves that is
    left out: a film opens in 5 ms instead of 60, which a run over many short clips feels.

    Raises InputError ``unsupported_or_corrupt``.
    """
    name = f"file:/proc/self/fd/{fd}"
    try:
        if _tells_itself(os.pread(fd, 12, 0)):
            quick = av.open(name, options=_ONLY_FILMS, stream_options=[{"skip_frame": "all"}] * 256, metadata_errors="replace")
            if all(stream.start_time is not None for stream in quick.streams):
                return quick
            quick.close()
        return av.open(as_shown(fd) or name, options=_ONLY_FILMS, metadata_errors="replace")
    except (AvError, OSError, ValueError, MemoryError) as error:
        raise InputError("unsupported_or_corrupt", why(fd), detail=str(error)) from None


def _tells_itself(head: bytes) -> bool:
    """Whether a file is MP4 or QuickTime, by its first bytes. (Matroska does not tell when its streams start.)"""
    return head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free")


def film_stream(container: Any) -> Any:
    """The stream to read: the one that a player shows (``streams``). Raises InputError ``no_video_stream``, ``no_decoder``."""
    videos = list(container.streams.video)
    unknown = len(videos) > 1 and any(stream.frames == 0 for stream in videos)
    seen = _first_packets(container.name) if unknown else {}
    candidates = [
        Candidate(
            codec=stream.codec_context.name if stream.codec_context else "",
            disposition=stream.disposition.value,
            frames=_counted(stream),
            seen=seen.get(stream.index, 0),
            decodes=stream.codec_context is not None,
        )
        for stream in videos
    ]
    return videos[film_among(candidates)]


def _counted(stream: Any) -> int:
    """Frames of a stream as its container tells; mkvmerge tells it in a tag."""
    told = stream.metadata.get("NUMBER_OF_FRAMES", stream.metadata.get("NUMBER_OF_FRAMES-eng", ""))
    return int(stream.frames) or (int(told) if told.isdecimal() and len(told) < 19 else 0)


def _first_packets(name: str) -> dict[int, int]:
    """Packets of each video stream in the first part of a file, which is opened once more for it."""
    counts = Counter[int]()
    with av.open(name, options=_ONLY_FILMS, metadata_errors="replace") as again:
        for number, packet in enumerate(packets(again, again.streams.video)):
            if number >= PEEKED:
                break
            counts[packet.stream_index] += 1
    return counts


def set_up(stream: Any, threads: int, depth: int = 0) -> None:
    """Before the first packet: decoding threads, and how many frames are held back to put them in order, at least."""
    depth = min(depth, DEEPEST)
    if stream.codec_context.reorder_depth < depth:
        stream.codec_context.reorder_depth = depth
    stream.codec_context.thread_count = threads
    stream.codec_context.thread_type = "AUTO"


def matrix(frame: Any) -> tuple[int, bool]:
    """(degrees clockwise to turn the decoded picture, whether it is mirrored left to right before that)."""
    for side in frame.side_data:
        if side.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(side, dtype=np.int32)[:5].astype(float) / 65536
            mirrored = bool(a * d - b * c < 0)
            if mirrored:
                a, c = -a, -c
            return int(round(float(np.degrees(np.arctan2(b, a))) / 90.0) * 90) % 360, mirrored
    return 0, False


def seek(container: Any, stream: Any, ticks: int) -> bool:
    """Go to the keyframe before a time, where the container can."""
    try:
        container.seek(ticks, stream=stream, backward=True)
    except AvError:
        return False
    return True


def packets(container: Any, stream: Any) -> Iterator[Any]:
    """All packets with data of a stream, in decoding order; a damaged stretch ends the walk only at the end of the file."""
    try:
        yield from (packet for packet in demuxed(container, stream) if packet.size)
    except (AvError, OSError):
        return


def new_header(packet: Any) -> bytes:
    """The decoder's header (extradata) that is in force from this packet on, where it is exchanged; else nothing."""
    return bytes(packet.get_sidedata("new_extradata")) if packet.has_sidedata("new_extradata") else b""


def give_header(packet: Any, header: bytes) -> None:
    """Let the decoder take this header before the packet."""
    side = PacketSideData(_NEW_EXTRADATA, len(header))  # type: ignore[call-arg]  # PyAV's stub lacks it
    side.update(header)
    packet.set_sidedata(side)


def ticks(frame: Any, stream: Any) -> int | None:
    """A frame's time in ticks of its stream (filters count in ticks of their own); None where it has none."""
    if frame.pts is None:
        return None
    return int(
        frame.pts if frame.time_base in (None, stream.time_base) else round(frame.pts * frame.time_base / stream.time_base)
    )


def form(frame: Any) -> tuple[int, int, str]:
    """What a filter must know of a frame before it comes."""
    return frame.width, frame.height, frame.format.name


class Deinterlacer:
    """A filter graph that makes whole pictures of fields (yadif), times kept; for frames of one form."""

    def __init__(self, stream: Any, frame: Any) -> None:
        self.form = form(frame)
        self._graph = av.filter.Graph()
        width, height, pixels = self.form
        source = self._graph.add_buffer(width=width, height=height, format=pixels, time_base=stream.time_base)
        yadif, sink = self._graph.add("yadif", "mode=send_frame:parity=auto:deint=all"), self._graph.add("buffersink")
        source.link_to(yadif)
        yadif.link_to(sink)
        self._graph.configure()

    def push(self, frame: Any) -> list[Any]:
        """Whole pictures that are finished by this frame."""
        self._graph.push(frame)
        return self._pull()

    def end(self) -> list[Any]:
        """Those that waited for another one."""
        self._graph.push(None)
        return self._pull()

    def _pull(self) -> list[Any]:
        frames = []
        while True:
            try:
                frames.append(self._graph.pull())
            except (AvError, EOFError, BlockingIOError):
                return frames


def on_card(frame: Any) -> bool:
    """Whether a frame lies in a GPU's memory."""
    return bool(frame.format.name == "cuda")


def fetched(frame: Any) -> Any:
    """A frame that lies on the card, in our memory, as the card gives it: its colours lie in one plane (nv12, p010le and the like)."""
    return frame.reformat(format=frame.sw_format.name if frame.sw_format else "nv12")


def planar(frame: Any) -> Any:
    """A frame in the form that the processor's decoder gives it. One converter: each new one starts as many threads as there are cores."""
    form = _PLANAR_FORM.get(frame.format.name)
    return frame if form is None else _converter.reformat(frame, format=form, **ONE_THREAD)


_PLANAR_FORM = {"nv12": "yuv420p", "p010le": "yuv420p10le", "p012le": "yuv420p12le", "p016le": "yuv420p16le"}
"""what the card gives -> what the processor's decoder gives"""
_converter = VideoReformatter()


def picture(frame: Any, size: tuple[int, int], threads: int = 0) -> Image:
    """A decoded frame as RGB, stretched to (width, height), by so many threads (0: one for each core)."""
    if (frame.width, frame.height) == size:  # libswscale is exact for both orders of the colours only where it scales
        frame = planar(frame)
    shrinks = size[0] <= frame.width and size[1] <= frame.height
    how = Interpolation.AREA if shrinks else Interpolation.BICUBIC
    if len(_reformatters) > 8:
        _reformatters.clear()
    shrink = _reformatters.setdefault(size, VideoReformatter())
    some = dict.fromkeys(ONE_THREAD, 1 if frame.width * frame.height <= SMALL_FRAME else threads)
    made = shrink.reformat(frame, width=size[0], height=size[1], format="rgb24", interpolation=how, **some)
    image: Image = made.to_ndarray()
    return image


def tiny(frame: Any, size: tuple[int, int]) -> Image:
    """A decoded frame as a tiny RGB picture; not exactly what ``picture`` makes, but the same way for all frames of a film."""
    name = frame.format.name
    if name not in (*_PLANAR, "nv12") or frame.width < 8 * size[0] or frame.height < 8 * size[1]:
        return picture(frame, size, 1)
    rows = [np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size) for plane in frame.planes]
    if name == "nv12":
        wide = 2 * frame.planes[1].width
        return shrink([rows[0][:, : frame.width], rows[1][:, 0:wide:2], rows[1][:, 1:wide:2]], size)
    return shrink([lines[:, : plane.width] for lines, plane in zip(rows, frame.planes, strict=True)], size)


_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
_reformatters: dict[tuple[int, int], Any] = {}
"""one for each size asked for: setting one up costs as much as using it"""
SMALL_FRAME = 640 * 480
"""pixels up to which one thread scales a frame: to wake others takes 0.1 ms and more, of 0.02 where it becomes a tiny picture"""
ONE_THREAD = {"threads": 1} if int(av.__version__.partition(".")[0]) >= 17 else {}
"""before 17 PyAV always took one"""
