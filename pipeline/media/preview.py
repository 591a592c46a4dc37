"""A copy of a film that every browser plays: H.264 and AAC in MP4, small, with its index in front."""

import threading
from pathlib import Path

from pipeline.errors import InputError, OutputError
from pipeline.files import whole
from pipeline.media.able import able
from pipeline.media.binary import find_ffmpeg
from pipeline.media.cropped import cropped
from pipeline.media.opaque import opaque, seen, spelled
from pipeline.media.run import Progress, run_command, workplace
from pipeline.media.steady import coloured, square
from pipeline.media.streams import guards

SIDE = 1280
"""pixels of the longer side, at most"""
MOST_PIXELS = 1 << 28


def preview(film: Path, out: Path, *, on_progress: Progress | None = None, cancel: threading.Event | None = None) -> None:
    """Write ``out``: picture and first sound of the film, begun at 0 as players count. Blocks until it is done.

    Raises EnvironmentFault ``no_ffmpeg``; InputError; OutputError ``no_space``, ``unwritable``, ``ffmpeg_failed``, ``cancelled``.
    """
    with whole(out) as temporary, workplace(film, temporary) as place:
        ffmpeg, shown = able(find_ffmpeg(), place)
        ffmpeg.encoder("libx264")
        width, height = shown.coded_size
        if width * height > MOST_PIXELS:
            raise InputError("frame_too_large", f"a picture of {width}x{height} is too large to be encoded here")
        interlaced = any(order in shown.film.detail for order in ("top first", "bottom first"))
        wide, high = f"min({SIDE},iw*sar)", f"min({SIDE},ih)"
        picture = [
            *spelled([*cropped(shown), *opaque(shown)]), *(["yadif=mode=send_frame:deint=interlaced"] if interlaced else []),
            *spelled(square(shown)),
            f"scale='{wide}':'{high}':force_original_aspect_ratio=decrease:force_divisible_by=2", "setsar=1",
            *spelled(coloured(shown, "yuv420p")),
            "format=yuv420p",
        ]  # fmt: skip
        head = [str(ffmpeg.path), "-hide_banner", "-nostdin", "-y", "-progress", "pipe:1", "-nostats", *guards()]
        streams = [
            *shown.ahead_options,
            *shown.unparsed,
            *(word for key, value in seen(shown).items() for word in (f"-{key}", value)),
            "-i",
            f"file:{place.film}",
            "-map",
            f"0:{shown.film.index}",
            "-map",
            "0:a:0?",
            "-sn",
            "-dn",
            "-map_chapters",
            "-1",
        ]
        video = [
            "-vf",
            ",".join(picture),
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "25",
            "-fps_mode",
            "vfr",
            "-enc_time_base",
            "1:90000",
        ]
        sound = ["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", "-f", "mp4"]
        command = [*head, *streams, *video, *sound, f"file:{place.written}"]
        ended = run_command(command, place, on_progress=on_progress, cancel=cancel)
        if not ended.frames or not temporary.stat().st_size:
            reason = ended.messages[-1].split("] ")[-1] if ended.messages else f"ffmpeg ended with {ended.status}"
            raise OutputError("ffmpeg_failed", f"no copy of {film.name} for players: {reason}", path=str(film))
