"""What was written is read again before it takes its name: ffmpeg's exit status proves nothing."""

import re
import shutil
from pathlib import Path

from pipeline.errors import InputError, OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Ended, Place
from pipeline.media.streams import Contents, Packets, packets, whole_or_end_of
from pipeline.types import Notice

ROUNDING = 0.002
"""seconds; containers with millisecond clocks round two times"""


def check_burned(
    ffmpeg: Ffmpeg, place: Place, ended: Ended, before: Packets, film: Contents, streams: dict[str, int]
) -> tuple[Notice, ...]:
    """A burned film: it opens, it is upright, it has every frame, its length is right to a frame, the streams are there.

    ``before`` is the source read packet by packet. Raises OutputError ``no_space``, ``ffmpeg_failed`` or ``output_damaged``.
    """
    after, counted = _opened(ffmpeg, place, ended, streams)
    if after.film.rotation:
        raise OutputError("output_damaged", "the burned film still asks to be turned; nothing was kept")
    width, height = film.upright_size
    if after.coded_size != (width + width % 2, height + height % 2):
        raise OutputError(
            "output_damaged", f"the burned film is {after.coded_size[0]}x{after.coded_size[1]}, not {width}x{height}"
        )
    if counted.frames != ended.frames or not counted.frames:
        raise failure(ended, place.folder / place.written, f"{counted.frames} of {ended.frames} frames were written")
    if counted.frames == before.frames:
        frame = max(1 / film.fps if film.fps else 0.0, before.end / before.frames) + ROUNDING
        late = max(abs(a - b) for a, b in zip(before.times, counted.times, strict=True))
        if late > frame or abs(counted.end - before.end) > frame:
            lengths = f"it ends at {counted.end:.3f} s, its source at {before.end:.3f} s, and frames are up to {late:.3f} s off"
            raise OutputError("output_damaged", f"the burned film is not in time: {lengths}")
        return ()
    lost = before.frames - counted.frames
    sentence = f"{lost} of {before.frames} frames of the source could not be decoded and are not in the film"
    return (Notice(code="partial", message=sentence),) if lost > 0 else ()


def check_muxed(ffmpeg: Ffmpeg, place: Place, ended: Ended, film: Contents, streams: dict[str, int]) -> None:
    """A copied film: it opens, the streams are there, it ends where the source ends and can be read there.

    Raises OutputError ``no_space``, ``ffmpeg_failed`` or ``output_damaged``.
    """
    after, last = _opened(ffmpeg, place, ended, streams, at_its_end=True)
    frame = 1 / film.fps if film.fps else 0.04
    if film.duration and after.duration and after.duration < film.duration - frame - 0.1:
        raise failure(
            ended, place.folder / place.written, f"the film lasts {after.duration:.2f} s, its source {film.duration:.2f} s"
        )
    # half a second of a large film is read quickly; a slow film has no frame in it
    if not last.frames and not any(packets(ffmpeg, place, place.written, last_seconds=seconds).frames for seconds in (10, 600)):
        raise failure(ended, place.folder / place.written, "its end can't be read")


def _opened(
    ffmpeg: Ffmpeg, place: Place, ended: Ended, streams: dict[str, int], *, at_its_end: bool = False
) -> tuple[Contents, Packets]:
    """What is in the written file, as many streams as planned; and its frames, all of them or those of its end."""
    path = place.folder / place.written
    if not path.exists() or path.stat().st_size == 0:
        raise failure(ended, path, "ffmpeg wrote nothing")
    try:
        after, frames = whole_or_end_of(ffmpeg, place, place.written, at_its_end=at_its_end)
    except InputError as error:
        raise failure(ended, path, "what ffmpeg wrote can't be opened") from error
    for kind, count in streams.items():
        found = len(after.of(kind))
        if found != count:
            raise failure(ended, path, f"{found} {kind} streams are in it, {count} should be")
    return after, frames


def failure(ended: Ended, path: Path, what: str) -> OutputError:
    """Why ffmpeg did not write what it should, in its own words."""
    said = "\n".join(ended.messages)
    full = "No space left on device" in said or "Disk quota exceeded" in said
    with_room = shutil.disk_usage(path.resolve().parent).free
    if full or with_room < 100_000:
        return OutputError("no_space", f"the disk of {path.resolve().parent} is full; make room or write elsewhere with -o")
    codec = re.search(
        r"Could not find tag for codec (\w+)|(?:codec |Tag )(\w+)(?: in stream \S+)? (?:is )?not (?:currently )?supported", said
    )
    if codec:
        name = codec.group(1) or codec.group(2)
        return OutputError("container_cannot", f"{path.suffix} files can't hold {name}; write to a .mkv, which holds everything")
    reason = _last_reason(ended.messages)
    return OutputError("ffmpeg_failed" if ended.status else "output_damaged", what + (f": {reason}" if reason else ""))


def _last_reason(messages: list[str]) -> str:
    """The line of ffmpeg's stderr that says most: the last that is no summary."""
    for line in reversed(messages):
        text = re.sub(r"^\[[^\]]*\] *", "", line).strip()
        if (
            text
            and re.search(r"error|fail|invalid|unable|cannot|can't|not |unknown|no such", text, re.IGNORECASE)
            and "Conversion failed" not in text
        ):
            return text[:300]
    return ""
