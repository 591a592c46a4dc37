"""Which of several video streams is the film: the one that a player shows. Pure; ``libav`` tells what is in the file.

cover art, thumbnails, stills      never, where there is anything else
two films                          the one marked as default, else the first
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.video.headless import NO_DECODER

DEFAULT, ATTACHED, THUMBNAILS, DEPENDENT, STILL = 0x1, 0x400, 0x800, 0x80000, 0x100000
"""disposition flags of libavformat: marked as default; cover art; timed thumbnails; shown only together with another; a still"""
PICTURES = frozenset("mjpeg jpegls jpeg2000 png bmp tiff webp gif ppm pgm targa ljpeg".split())
"""Codecs in which a stream of one frame is a picture, even where it can't be told that no other frame follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A video stream, as far as the choice goes."""

    codec: str
    disposition: int = 0
    frames: int = 0
    """as the container counts them; 0 where it does not"""
    seen: int = 0
    """packets in the part of the file that was looked at; counts only where ``frames`` is 0"""
    decodes: bool = True
    """whether there is a decoder for it"""

    @property
    def still(self) -> bool:
        """Whether it is a picture and no film."""
        if self.disposition & STILL or self.frames == 1:
            return True
        return self.frames == 0 and self.seen == 1 and self.codec in PICTURES


def film_among(streams: Sequence[Candidate]) -> int:
    """Place of the film in the sequence. Raises InputError ``no_video_stream``, ``no_decoder``."""
    shown = [place for place, one in enumerate(streams) if not one.disposition & (ATTACHED | THUMBNAILS)]
    if not shown:
        raise InputError("no_video_stream", "there is no moving picture in this file (sound, subtitles or a cover only)")
    able = [place for place in shown if streams[place].decodes]
    if not able:
        raise InputError("no_decoder", NO_DECODER)

    def merit(place: int) -> tuple[bool, bool, bool]:
        one = streams[place]
        return not one.still, not one.disposition & DEPENDENT, bool(one.disposition & DEFAULT)

    return max(able, key=merit)  # the first of equals
