"""One picture of a film as a JPEG."""

from pathlib import Path

from pipeline.errors import OutputError
from pipeline.files import whole
from pipeline.media.binary import find_ffmpeg
from pipeline.media.run import run_command, workplace
from pipeline.media.streams import guards

SIDE = 640
"""pixels of the longer side, at most"""


def still(film: Path, at: float, out: Path) -> None:
    """Write the picture that a player shows ``at`` so many seconds.

    Raises InputError as ``video.gate`` does, OutputError ``ffmpeg_failed``, ``no_space``, ``unwritable``, EnvironmentFault without ffmpeg.
    """
    ffmpeg = find_ffmpeg()
    with whole(out) as temporary, workplace(film, temporary) as place:
        fit = f"scale='min({SIDE},iw)':'min({SIDE},ih)':force_original_aspect_ratio=decrease"
        command = [
            str(ffmpeg.path), "-hide_banner", "-nostdin", "-y", "-progress", "pipe:1", "-nostats", "-ss", f"{max(at, 0.0):.3f}", *guards(),
            "-i", f"file:{place.film}", "-map", "0:V:0", "-frames:v", "1", "-vf", fit, "-q:v", "3", "-f", "image2", "-update", "1",
            f"file:{place.written}",
        ]  # fmt: skip
        ended = run_command(command, place)
        if ended.status or not temporary.stat().st_size:
            reason = ended.messages[-1].split("] ")[-1] if ended.messages else f"ffmpeg ended with {ended.status}"
            raise OutputError("ffmpeg_failed", f"no picture at {at:.1f} s of {film.name}: {reason}", path=str(film))
