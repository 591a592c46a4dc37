"""THE av door: everything of PyAV that we use, and what its objects mean in our words. Only child processes come here."""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import av
from av.packet import PacketSideData
from av.sidedata.sidedata import Type

from pipeline.errors import InputError
from pipeline.video.cropping import Cropping, cropping
from pipeline.video.decode.decoder_log import here, says
from pipeline.video.decode.streams import ATTACHED, Candidate, film_among
from pipeline.video.decode.walk import demuxed
from pipeline.video.gif import as_shown
from pipeline.video.headless import NOT_LISTED, NOT_READ, why
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


def _unnamed(kind: type[Type], value: object) -> Type:
    """What lies beside a frame and has no name in PyAV 18.1, as libavutil 60's AV_FRAME_DATA_EXIF (31): else not even what it has a name for
    can be looked at."""
    member: Any = object.__new__(kind)
    member._name_, member._value_ = "UNNAMED", value
    return member  # type: ignore[no-any-return]


Type._missing_ = classmethod(_unnamed)  # type: ignore[assignment]


def open_container(fd: int) -> Any:
    """Open the film behind a descriptor: only files, only film formats.

    Libav decodes some pictures of its own to learn what a stream is like. In containers that tell it themselves that is
    left out: a film opens in 5 ms instead of 60, which a run over many short clips feels.

    Raises InputError ``unsupported_or_corrupt``, ``unsupported_format``.
    """
    heard = here()
    name = f"file:/proc/self/fd/{fd}"
    try:
        if _tells_itself(os.pread(fd, 12, 0)):
            quick = av.open(name, options=_ONLY_FILMS, stream_options=[{"skip_frame": "all"}] * 256, metadata_errors="replace")
            if all(stream.start_time is not None for stream in quick.streams):
                return quick
            quick.close()
        return av.open(as_shown(fd) or name, options=_ONLY_FILMS, metadata_errors="replace")
    except (AvError, OSError, ValueError, MemoryError) as error:
        if says(NOT_LISTED, heard):
            raise InputError("unsupported_format", NOT_READ, detail=str(error)) from None
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


def cropped(fd: int, container: Any, stream: Any) -> Cropping | None:
    """What the container cuts off of a stream's pictures."""
    pictures = [one.index for one in container.streams.video if not one.disposition.value & ATTACHED]
    return cropping(fd, pictures.index(stream.index)) if stream.index in pictures else None


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


def again(container: Any) -> Any:
    """The same file, opened once more. Close it."""
    return av.open(container.name, options=_ONLY_FILMS, metadata_errors="replace")


def first_times(container: Any, stream: Any, count: int) -> list[float]:
    """Seconds of its clock at which a stream's first packets are shown, ascending. The file is opened once more for it."""
    with again(container) as other:
        first = islice(packets(other, other.streams[stream.index]), count)
        stamps = [packet.dts if packet.pts is None else packet.pts for packet in first]
        return sorted(float(stamp * stream.time_base) for stamp in stamps if stamp is not None)


def set_up(stream: Any, threads: int, depth: int = 0) -> None:
    """Before the first packet: decoding threads, and how many frames are held back to put them in order, at least."""
    depth = min(depth, DEEPEST)
    if stream.codec_context.reorder_depth < depth:
        stream.codec_context.reorder_depth = depth
    stream.codec_context.thread_count = threads
    stream.codec_context.thread_type = "AUTO"


def decoder(stream: Any, threads: int) -> Any:
    """The stream's decoder. VP8 and VP9 keep how opaque their pixels are beside the picture, where libav's own decoders don't look."""
    own = stream.codec_context
    if not tells_alpha(stream):
        return own
    context = av.CodecContext.create(_DECODES_ALPHA[own.name], "r")
    context.thread_count = threads
    return context


def tells_alpha(stream: Any) -> bool:
    """Whether its container says that a picture of VP8 or VP9 has transparent places."""
    told = any(key.lower() == "alpha_mode" and value == "1" for key, value in stream.metadata.items())
    return told and stream.codec_context.name in _DECODES_ALPHA


_DECODES_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


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
