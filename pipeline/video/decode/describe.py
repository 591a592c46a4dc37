"""What the probe wants to know of a film: told by its container, and by the first picture that decodes."""

import re
from fractions import Fraction
from typing import Any

from pipeline.errors import InputError
from pipeline.video.children.messages import Probed
from pipeline.video.cropping import Cropping
from pipeline.video.decode import libav
from pipeline.video.decode.order import tells_decoding
from pipeline.video.decode.transparent import has_alpha
from pipeline.video.decode.turned import matrix
from pipeline.video.decode.untold import last_ends
from pipeline.video.decode.walk import demuxed
from pipeline.video.encrypted import SENTENCE
from pipeline.video.source import RAW_STREAMS
from pipeline.video.standing import FIRST, STANDING, sparse, stand

HDR = {16, 18}
"""color_trc of PQ and HLG (ITU-T H.273)"""
FEW = 3
"""pictures that tell whether those of a film stand, where its head does not count them"""
SIZELESS = 64 << 20
"""bytes in which the size of the pictures is looked for: a recording that begins in the middle of a group tells it when the next one begins"""
UNTOLD = 1 << 30
"""frames that ffmpeg writes into an AVI before it knows their number; where it wrote to a pipe they stay, and no length there is true"""

NO_SIZE = "nothing in it tells the size of its pictures (no parameter sets, no sequence header), so no decoder can read them"


def first_frame(container: Any, stream: Any, packets: int = 120) -> Any:
    """The first picture that decodes, roughly (good for its form only), or None. ``packets`` count from where their size is known."""
    context = stream.codec_context
    context.options = {"skip_loop_filter": "all"}
    sized = read = 0
    for packet in demuxed(container, stream):
        if packet.has_sidedata("encryption_info"):
            raise InputError("no_decodable_frames", SENTENCE)
        try:
            found = context.decode(packet) or (context.decode(None) if packet.size else [])
        except libav.AvError:
            found = []
        if found:
            return found[0]
        sized += context.width > 0
        read += packet.size
        if sized > packets or read > SIZELESS or not packet.size:
            return None
        context.flush_buffers()
    return None


def describe(container: Any, stream: Any, pixels: int, crop: Cropping | None = None) -> Probed:
    """What the probe wants to know. Decodes the first pictures. Raises InputError ``frame_too_large``."""
    context = stream.codec_context
    if context.width * context.height > pixels:
        size = f"{context.width}x{context.height}"
        raise InputError("frame_too_large", f"its pictures are {size}, more than {pixels / 1e6:.0f} million pixels", size=size)
    libav.set_up(stream, 1)
    first = first_frame(container, stream)
    turn, mirrored = matrix(first) if first else (0, False)
    width, height = (first.width, first.height) if first else (context.width, context.height)
    if not width or not height:
        raise InputError("no_decodable_frames", NO_SIZE)
    if width * height > pixels:
        raise InputError(
            "frame_too_large",
            f"its pictures are {width}x{height}, more than {pixels / 1e6:.0f} million pixels",
            size=f"{width}x{height}",
        )
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    if crop is not None:
        (width, height), aspect = crop.form((width, height), aspect)
    if not 0.05 < aspect < 20:
        aspect = 1.0
    shown = (max(1, round(width * aspect)), height) if aspect >= 1 else (width, max(1, round(height / aspect)))
    if turn in (90, 270):
        shown = shown[::-1]
    frames = rate(container, stream)
    start = _begins(container, stream)
    whole = (container.duration or 0) / libav.TIME_BASE if stream.frames < UNTOLD else 0.0
    fps = float(frames) if 0 < frames < 10000 else 25.0
    ends = last_ends(container, stream, start, fps, declared_end(container, stream, start))
    return Probed(
        stream=stream.index,
        container=container.format.name.split(",")[0],
        codec=context.name,
        duration=max(0.0, _with_sound(container, stream, ends, start) or whole),
        ends=ends,
        start=start,
        fps=fps,
        width=shown[0],
        height=shown[1],
        rotation=turn,
        mirrored=mirrored,
        interlaced=(context.field_order not in (0, 1)) or bool(first and first.interlaced_frame),
        hdr=int((first.color_trc if first else context.color_trc) or 0) in HDR,
        alpha=libav.tells_alpha(stream) or (bool(first) and has_alpha(first)),
        has_audio=bool(container.streams.audio),
        decoded=first is not None,
        films=len(container.streams.video),
        cropped=crop is not None,
        reordered=tells_decoding(container, stream),
    )


def rate(container: Any, stream: Any) -> Fraction:
    """Frames a second: of a raw stream as its codec tells, since libav takes every raw stream's container to say 25."""
    rates = (stream.average_rate, stream.guessed_rate)
    first, second = reversed(rates) if container.format.name in RAW_STREAMS else rates
    return first or second or Fraction(25)


def _begins(container: Any, stream: Any) -> float:
    """Seconds of the stored clock at which the film begins.

    Of slides in H.264 libav may not find when the first is shown; then it takes the sound's beginning for the picture's, too.
    """
    start = (container.start_time or 0) / libav.TIME_BASE
    untold = stream.codec_context.name == "h264" and container.format.name.startswith(("matroska", "mpegts"))
    if not (start > 0 and untold and any(_starts(sound) == _starts(stream) for sound in container.streams.audio)):
        return start
    first = libav.first_times(container, stream, FIRST)
    return min(start, first[0]) if first and sparse(first) else start


def _starts(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)


def _with_sound(container: Any, stream: Any, ends: float, start: float) -> float:
    """Seconds of a film whose picture ends so by its head: as long as the file where pictures seem to stand (``heard`` knows it exactly)."""
    whole = (container.duration or 0) / libav.TIME_BASE - (start if container.format.name.startswith("matroska") else 0.0)
    if not (ends and container.streams.audio and whole - ends > STANDING):
        return ends
    counted = stream.frames and container.format.name != "avi"  # which counts what has no bytes, too
    slow = stream.frames == 1 or ends / stream.frames > STANDING if counted else stand(libav.first_times(container, stream, FEW))
    return whole if slow else ends


def declared_end(container: Any, stream: Any, start: float) -> float:
    """When the picture ends by its own head, on the player's clock; 0 where only the whole file's length is told, or none that is true.

    Matroska and MP4 in fragments (whose head counts no frames) tell when the last frame ends on the stored clock, the others how long
    it takes from the first.
    """
    if stream.frames >= UNTOLD:
        return 0.0
    told = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if stream.duration and not (told and container.format.name.startswith("matroska")):
        # Matroska has a picture's length in the tag alone: libav gives a picture of few frames the length of the whole file
        if container.format.name.startswith("mov") and not stream.frames:
            return float(stream.duration * stream.time_base) - start
        return float((stream.start_time or 0) * stream.time_base) - start + float(stream.duration * stream.time_base)
    if told:
        return int(told[1]) * 3600 + int(told[2]) * 60 + float(told[3]) - start
    if len(container.streams) > 1:
        return 0.0
    late = start if container.format.name.startswith("matroska") else 0.0
    return float((container.duration or 0) / libav.TIME_BASE - late)
