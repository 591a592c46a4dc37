"""One picture of a film as a JPEG: the one that stands at a moment, which may have been stored long before it.

stored   |S1          |S2                     |S3
asked             ^ S1              ^ S2              ^ S3      ffmpeg's seeking alone gives the next one, or none
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import whole
from pipeline.media.able import seen_by
from pipeline.media.binary import find_ffmpeg
from pipeline.media.cropped import cropped
from pipeline.media.jumps import ALL
from pipeline.media.opaque import opaque, seen, spelled
from pipeline.media.run import run_command, workplace
from pipeline.media.steady import square
from pipeline.media.streams import guards

SIDE = 640
"""pixels of the longer side, at most"""
AROUND = 20.0
"""seconds to go back where seeking lands behind the group of pictures that is asked for, as it may where there is no index"""
_AFTER = 0.001
_WHOLE = "select=gte(selected_n+key\\,1),"
"""filter: nothing before the first keyframe. A broadcast is sought to between two, and HEVC is decoded from there with what is missing in grey"""


def still(film: Path, at: float, out: Path) -> None:
    """Write the picture that a player shows ``at`` so many seconds; the first one before the film begins.

    Raises InputError as ``burn`` does, OutputError ``ffmpeg_failed``, ``no_space``, ``unwritable``, EnvironmentFault without ffmpeg.
    """
    ffmpeg = find_ffmpeg()
    with whole(out) as temporary, workplace(film, temporary) as place:
        ffmpeg, contents = seen_by(ffmpeg, place)
        contents = replace(contents, ahead=ALL)  # a picture stands for as long as nothing comes
        fit = f"scale='min({SIDE},iw)':'min({SIDE},ih)':force_original_aspect_ratio=decrease"
        fit = ",".join([*spelled([*cropped(contents), *opaque(contents), *square(contents)]), fit])
        source = [
            *guards(),
            *contents.ahead_options,
            *contents.unparsed,
            *(word for key, value in seen(contents).items() for word in (f"-{key}", value)),
            "-i",
            f"file:{place.film}",
            "-map",
            f"0:{contents.film.index}",
        ]
        written = ["-fps_mode", "passthrough", "-q:v", "3", "-f", "image2", "-update", "1", f"file:{place.written}"]
        head = [str(ffmpeg.path), "-hide_banner", "-nostdin", "-y", "-progress", "pipe:1", "-nostats"]
        for sought, trimmed in _ways(max(at, 0.0), _WHOLE if contents.container.startswith("mpeg") else ""):
            picture = ["-vf", f"{trimmed}{fit}"] if trimmed else ["-frames:v", "1", "-vf", fit]
            ended = run_command([*head, *sought, *source, *picture, *written], place)
            if not ended.status and temporary.stat().st_size:
                return
        reason = ended.messages[-1].split("] ")[-1] if ended.messages else f"ffmpeg ended with {ended.status}"
        raise OutputError("ffmpeg_failed", f"no picture at {at:.1f} s of {film.name}: {reason}", path=str(film))


def _ways(at: float, sought: str) -> Iterator[tuple[list[str], str]]:
    """How to read the film, the quickest first: (options before it, filter). The pictures up to the moment are written one over the other.

    ``sought``: filter of what comes after seeking.
    """
    yield ["-ss", f"{at:.3f}", "-noaccurate_seek"], f"{sought}trim=end={_AFTER},"
    if at > AROUND:
        yield ["-ss", f"{at - AROUND:.3f}"], f"{sought}trim=end={AROUND + _AFTER},"
    yield [], f"trim=end={at + _AFTER:.3f},"
    yield [], ""
