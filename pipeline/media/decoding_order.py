"""When each picture is decoded, told to MP4, which counts by it: Matroska writes when pictures are shown, and no more.

ffmpeg makes up what is missing from the length of a usual picture. Of slides, which stand for minutes, MP4 then gets a track of a
quarter of a second, or one that is too short by the first slides.
"""

import subprocess

from pipeline.environment import child_environment
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.streams import Contents, guards

_REORDERED = frozenset({"h264", "hevc"})
"""codecs whose pictures may be stored in another order than they are shown"""
_DEEPEST = 16
_NEAR = 0.002
"""seconds; Matroska counts in milliseconds"""


def made_up(ffmpeg: Ffmpeg, place: Place, film: Contents, *, rules: str) -> dict[str, str]:
    """ffmpeg's options of an output that write when pictures are decoded; none where the source tells it or nobody asks."""
    if rules != "mp4" or not film.container.startswith("matroska") or film.film.codec not in _REORDERED:
        return {}
    decoded, shown = _listed(ffmpeg, place, film)
    ranks = {at: rank for rank, at in enumerate(sorted(shown))}
    depth = max((n - ranks[at] for n, at in enumerate(shown)), default=0)
    if depth > _DEEPEST or len(ranks) < len(shown) or len(shown) <= depth:
        return {}
    if depth == 0:
        return {"bsf:v:0": "setts=pts=PTS:dts=PTS"}
    usual = sorted(shown)
    while depth <= _DEEPEST and not _as_decoded(decoded, usual, depth):
        depth += 1  # a stream may announce more than it needs
    if not depth < min(len(shown), _DEEPEST + 1):
        return {}
    true = [usual[0] - (usual[depth] - usual[n]) for n in range(depth)]
    if all(abs(a - b) < _NEAR for a, b in zip(true, decoded, strict=False)) or 0.0 in decoded[:depth]:
        return {}
    # by what was made up, since a filter of ffmpeg's is not told how long the output's ticks are
    first = "".join(f"if(eq(N,{n}),{true[n] / decoded[n]:.9f}*DTS," for n in range(depth))
    return {"bsf:v:0": f"setts=pts=PTS:dts='{first}DTS{')' * depth}'"}


def _as_decoded(decoded: list[float], usual: list[float], depth: int) -> bool:
    """Whether each picture is decoded when the one is shown that comes ``depth`` places before it."""
    return all(abs(decoded[n] - usual[n - depth]) < _NEAR for n in range(depth, min(len(usual), depth + _DEEPEST)))


def _listed(ffmpeg: Ffmpeg, place: Place, film: Contents) -> tuple[list[float], list[float]]:
    """When each packet of the film is decoded and shown, as ffmpeg takes it: seconds, in the order of the file."""
    reading = [
        *film.ahead_options,
        *guards(),
        "-i",
        f"file:{place.film}",
        "-map",
        f"0:{film.film.index}",
        "-c",
        "copy",
        "-f",
        "framecrc",
        "-",
    ]
    decoded, shown, tick = list[float](), list[float](), 1.0
    with subprocess.Popen(
        [str(ffmpeg.path), "-v", "quiet", "-nostdin", *reading],
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=child_environment(),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"#tb 0:"):
                numerator, denominator = line[6:].split(b"/")
                tick = int(numerator) / int(denominator)
            elif not line.startswith(b"#"):
                words = line.split(b",", 3)
                decoded.append(int(words[1]) * tick)
                shown.append(int(words[2]) * tick)
    return decoded, shown
