"""What a film says of its picture that may be lost on the way: Dolby Vision, a sphere (360°), two pictures for two eyes.

ffmpeg copies it into Matroska; into MP4 with ``-strict unofficial`` alone (boxes that ISO/IEC 14496 does not have); into MOV hardly.
"""

import re

from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.streams import Contents, contents
from pipeline.types import Notice

UNOFFICIAL = {"strict": "unofficial"}
_MARKS = {
    "Dolby Vision": re.compile(r"^ +DOVI configuration record: ", re.MULTILINE),
    "a sphere (360°)": re.compile(r"^ +spherical(?: mapping)?: ", re.MULTILINE | re.IGNORECASE),
    "stereo 3D": re.compile(r"^ +stereo ?3d: (?!2d|unspecified)", re.MULTILINE | re.IGNORECASE),
}
"""as ffmpeg lists them below a stream, in its versions"""


def marks(film: Contents) -> frozenset[str]:
    """What the film says of its picture."""
    _, _, below = film.listing.partition(f"Stream #0:{film.film.index}")
    below = below.partition("Stream #0:")[0]
    return frozenset(name for name, words in _MARKS.items() if words.search(below))


def lost(ffmpeg: Ffmpeg, place: Place, film: Contents, instead: str) -> tuple[Notice, ...]:
    """A notice where what was written says less of the picture; ``instead``: what keeps it."""
    gone = marks(film) and marks(film) - marks(contents(ffmpeg, place, place.written))
    if not gone:
        return ()
    names = " and ".join(sorted(gone))
    sentence = f"what says that the picture is {names} is not in what was written, and players show it as any other; {instead}"
    return (Notice(code="picture_mark_lost", message=sentence),)
