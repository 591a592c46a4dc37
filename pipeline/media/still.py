"""One picture of a film as a JPEG."""

from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import whole
from pipeline.media.binary import find_ffmpeg
from pipeline.media.opaque import opaque, seen, spelled
from pipeline.media.run import run_command, workplace
from pipeline.media.streams import film_contents, guards

SIDE = 640
"""pixels of the longer side, at most"""


def still(film: Path, at: float, out: Path) -> None:
    """Write the picture that a player shows ``at`` so many seconds.

    Raises InputError as ``burn`` does, OutputError ``ffmpeg_failed``, ``no_space``, ``unwritable``, EnvironmentFault without ffmpeg.
    """
    ffmpeg = find_ffmpeg()
    with whole(out) as temporary, workplace(film, temporary) as place:
        fit = f"scale='min({SIDE},iw)':'min({SIDE},ih)':force_original_aspect_ratio=decrease"
        contents = film_contents(ffmpeg, place)
        shown, fit = contents.film.index, ",".join([*spelled(opaque(contents)), fit])
        source = [
            *guards(),
            *contents.unparsed,
            *(word for key, value in seen(contents).items() for word in (f"-{key}", value)),
            "-i",
            f"file:{place.film}",
        ]
        there = ["-ss", f"{max(at, 0.0):.3f}"]
        picture = ["-map", f"0:{shown}", "-frames:v", "1", "-vf", fit, "-q:v", "3", "-f", "image2", "-update", "1"]
        for way in ([*there, *source], [*source, *there]):  # where it can't be sought, it is read from the start
            head = [str(ffmpeg.path), "-hide_banner", "-nostdin", "-y", "-progress", "pipe:1", "-nostats"]
            ended = run_command([*head, *way, *picture, f"file:{place.written}"], place)
            if not ended.status and temporary.stat().st_size:
                return
        reason = ended.messages[-1].split("] ")[-1] if ended.messages else f"ffmpeg ended with {ended.status}"
        raise OutputError("ffmpeg_failed", f"no picture at {at:.1f} s of {film.name}: {reason}", path=str(film))
