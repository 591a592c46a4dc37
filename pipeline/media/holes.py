"""Holes in the middle of a film: what a disk or a download lost. What else the film holds is written, and this is said.

packets  |=========|   zeros   |=========|      nothing is said of them by ffmpeg's exit status
shown    |=========|           |=========|      the picture stands

The run that wrote the film has read all of it: what its demuxer said makes a hole likely, and only then are the packets listed for it.
"""

import re

import numpy as np

from pipeline.media.binary import Ffmpeg
from pipeline.media.packets import generated, packets
from pipeline.media.run import Ended, Place
from pipeline.media.streams import Contents
from pipeline.types import Notice

FRAMES = 6
"""frames that are missing one after another at least: parts of a broadcast that were joined may lie so far apart"""
FEW = 10
"""frames of a film of which it is not known how far they mostly are apart"""
NEAR = 1.0
"""seconds by which the sound may lie before or behind the picture that it is stored with"""
MOST = 100
"""holes that are told of"""
_SAYS = r"^\[[^\]]* @ 0x[0-9a-f]+\] \[(?:error|warning)\] .*"
_CERTAIN = re.compile(
    _SAYS
    + r"(?:invalid as first byte|exceeds max length|exceeds containing master|Invalid track number|Error parsing frame sizes"
    r"|Packet mismatch|CRC mismatch|packet_(?:obj|replic)_size|Impossibly sized|Invalid NAL unit size)"
)
"""what demuxers and parsers say of bytes that are not as they were written: Matroska; FLV, Ogg, ASF, RealMedia; MP4"""
_MAYBE = re.compile(_SAYS + r"(?:Packet corrupt|corrupt input packet|could not find sync byte)")
"""what is said of a broadcast where packets are missing, and where its parts meet though nothing is"""


def holes(ffmpeg: Ffmpeg, place: Place, film: Contents, ended: Ended, *, told: bool) -> tuple[Notice, ...]:
    """Notices ``partial`` of a film that was read to its end by the run that ``ended``. ``told``: that something is missing is said
    already, and only holes whose place is known are worth another word."""
    certain = any(_CERTAIN.search(line) for line in ended.messages)
    if not certain and not any(_MAYBE.search(line) for line in ended.messages):
        return ()
    found = _gaps(ffmpeg, place, film)
    if not found and certain and not told:
        return (Notice(code="partial", message="the file is damaged: what can be read of it was written"),)
    return tuple(_hole(start, end) for start, end in found[:MOST])


def _hole(start: float, end: float) -> Notice:
    sentence = f"the file is damaged at {start:.1f} s: it holds no picture until {end:.1f} s, and what else it holds was written"
    return Notice(code="partial", message=sentence, start=round(start, 3), end=round(end, 3))


def _gaps(ffmpeg: Ffmpeg, place: Place, film: Contents) -> list[tuple[float, float]]:
    """Stretches without a picture, in a film that mostly has them: of slides nobody knows which are missing.

    Where its sound goes on nothing is lost: nothing moved on a screen that was recorded.
    """
    found = _apart(ffmpeg, place, film, film.film.index)
    if not found or not (sounds := film.of("audio")):
        return found or []
    silent = _apart(ffmpeg, place, film, sounds[0].index)
    if silent is None:
        return found
    return [(start, end) for start, end in found if any(a < end + NEAR and b > start - NEAR for a, b in silent)]


def _apart(ffmpeg: Ffmpeg, place: Place, film: Contents, index: int) -> list[tuple[float, float]] | None:
    """Stretches without a packet of a stream that mostly has them; None of one with too few to tell."""
    # by its own clock: over a long hole ffmpeg would go on as if there were none
    options = ["-copyts", *generated(), *film.unparsed]
    times = np.array(packets(ffmpeg, place, place.film, stream=f"0:{index}", options=options).times) - film.start
    if len(times) < FEW:
        return None
    apart = np.diff(times)
    usual = float(np.quantile(apart, 0.9))
    return [(float(times[n]) + usual, float(times[n + 1])) for n in np.flatnonzero(apart > FRAMES * usual)] if usual > 0 else []
