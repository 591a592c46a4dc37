"""The part of a film's pictures that its container asks players to show; the rest of them is never seen.

Matroska, WebM    PixelCropLeft, -Top, -Right, -Bottom of the track (RFC 9559 5.1.4.1.28)
MP4, MOV          the clean aperture, ``clap``, of the picture's description (ISO/IEC 14496-12 12.1.4)

What the codec itself crops (1088 rows of which 1080 are shown) is no matter of this: decoders follow that.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from pipeline.video.boxes import Box, boxes, within
from pipeline.video.ebml import EBML, SEGMENT, TRACK, TRACKS, TYPE, elements

_VIDEO, _WIDTH, _HEIGHT = 0xE0, 0xB0, 0xBA
_LEFT, _TOP, _RIGHT, _BOTTOM = 0x54CC, 0x54BB, 0x54DD, 0x54AA
_SHOWN_WIDTH, _SHOWN_HEIGHT, _UNIT = 0x54B0, 0x54BA, 0x54B2
_UNKNOWN_UNIT = 4
_ENTRY = 78
"""bytes of a VisualSampleEntry before its boxes (ISO/IEC 14496-12 12.1.3)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cropping:
    """Pixels that are cut off at each side of a picture as it is stored."""

    left: int
    top: int
    right: int
    bottom: int
    aspect: float = 0.0
    """width / height of what is shown; 0 where the pixels' own form (sample aspect ratio) tells it"""

    def rest(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size of what is shown of a picture of this size: even, as colours are mostly stored for two pixels together."""
        return (size[0] - self.left - self.right) & ~1, (size[1] - self.top - self.bottom) & ~1

    def form(self, size: tuple[int, int], aspect: float) -> tuple[tuple[int, int], float]:
        """The size of what is shown of a picture of this size, and the form of its pixels (``aspect`` where nothing else is told)."""
        width, height = self.rest(size)
        if min(width, height) <= 0:
            return size, aspect
        return (width, height), self.aspect * height / width or aspect

    def upright(self, turn: int, mirrored: bool) -> "Cropping":
        """The same of the picture after it was mirrored, left to right, and turned by so many degrees clockwise."""
        sides = [self.left, self.top, self.right, self.bottom]
        if mirrored:
            sides[0], sides[2] = sides[2], sides[0]
        quarters = turn // 90 % 4  # turned once, what was below is on the left
        left, top, right, bottom = (sides[(n - quarters) % 4] for n in range(4))
        return Cropping(left=left, top=top, right=right, bottom=bottom, aspect=self.aspect)


def cropping(fd: int, number: int) -> Cropping | None:
    """Of an open film's stream of pictures, counted from 0 among those that are no covers; None where all of it is shown."""
    try:
        head, size = os.pread(fd, 8, 0), os.fstat(fd).st_size
        if head[:4] == EBML:
            return _valid(next(_from(_matroska(fd, size), number), None))
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pdin"):
            return _valid(next(_from(_mp4(fd, size), number), None))
    except (OSError, struct.error):
        pass
    return None


def _from(
    found: Iterator[tuple[tuple[int, int], Cropping] | None], number: int
) -> Iterator[tuple[tuple[int, int], Cropping] | None]:
    return (one for place, one in enumerate(found) if place == number)


def _valid(found: tuple[tuple[int, int], Cropping] | None) -> Cropping | None:
    """Nothing of what cuts off nothing, or all."""
    if found is None:
        return None
    size, crop = found
    sides = crop.left, crop.top, crop.right, crop.bottom
    return crop if any(sides) and min(sides) >= 0 and min(crop.rest(size)) > 0 else None


def _matroska(fd: int, size: int) -> Iterator[tuple[tuple[int, int], Cropping] | None]:
    """((width, height), Cropping) of each track of pictures."""
    for start, end in elements(fd, 0, size, SEGMENT, TRACKS, TRACK):
        kind = next(elements(fd, start, end, TYPE), None)
        if kind is None or _number(fd, kind) != 1:
            continue
        video = next(elements(fd, start, end, _VIDEO), None)
        if video is None:
            yield None
            continue

        def told(element: int, usual: int = 0, video: tuple[int, int] = video) -> int:
            found = next(elements(fd, *video, element), None)
            return usual if found is None else _number(fd, found)

        sides = {"left": told(_LEFT), "top": told(_TOP), "right": told(_RIGHT), "bottom": told(_BOTTOM)}
        shown = told(_SHOWN_WIDTH), told(_SHOWN_HEIGHT)
        aspect = shown[0] / shown[1] if all(shown) and told(_UNIT) < _UNKNOWN_UNIT else 0.0
        yield (told(_WIDTH), told(_HEIGHT)), Cropping(**sides, aspect=aspect)


def _number(fd: int, where: tuple[int, int]) -> int:
    start, end = where
    return int.from_bytes(os.pread(fd, min(8, end - start), start), "big")


def _mp4(fd: int, size: int) -> Iterator[tuple[tuple[int, int], Cropping] | None]:
    """The same of each track of MP4 or MOV."""
    for track in within(fd, Box(b"", 0, size), b"moov", b"trak", b"mdia"):
        if any(box.read(fd, 12)[8:12] == b"vide" for box in within(fd, track, b"hdlr")):
            tables = within(fd, track, b"minf", b"stbl", b"stsd")
            entry = next((entry for table in tables for entry in boxes(fd, table.start + 8, table.end)), None)
            yield None if entry is None else _clean_aperture(fd, entry)


def _clean_aperture(fd: int, entry: Box) -> tuple[tuple[int, int], Cropping] | None:
    width, height = struct.unpack_from(">HH", entry.read(fd, _ENTRY), 24)
    for box in boxes(fd, entry.start + _ENTRY, entry.end):
        if box.kind == b"clap":
            values = struct.unpack(">IIIIiIiI", box.read(fd, 32))
            if not all(values[1::2]):
                return None
            wide, high, across, down = (Fraction(values[n], values[n + 1]) for n in (0, 2, 4, 6))
            left, right = _sides(width, wide, across)
            top, bottom = _sides(height, high, down)
            return (width, height), Cropping(left=left, top=top, right=right, bottom=bottom)
    return None


def _sides(whole: int, shown: Fraction, off: Fraction) -> tuple[int, int]:
    """(before, behind) of a length of which ``shown`` is, ``off`` its middle; halves of pixels as libav rounds them."""
    first = (whole - shown) / 2 + off
    return int(first), whole - 1 - int(first + shown - 1)
