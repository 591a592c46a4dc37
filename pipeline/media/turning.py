"""How a film of MP4 or MOV asks to be shown: as it is stored, turned, or mirrored (the matrix of ISO/IEC 14496-12 6.2.2).

as stored   [ 1  0] [a b]      telephone   [ 0 1] turned        front camera   [-1 0] mirrored: turned or not,
            [ 0  1] [c d]      held upright [-1 0]                             [ 0 1] a * d - b * c < 0

Matroska and WebM can hold that a picture is turned, since ffmpeg 7 writes it; that it is mirrored, they can't.
"""

import struct
from enum import StrEnum
from pathlib import Path

from pipeline.safe_open import regular
from pipeline.video.boxes import Box, within

_AS_STORED = (1, 0, 0, 1)


class Turning(StrEnum):
    """What a player does to the picture before it is shown."""

    NONE = "none"
    TURNED = "turned"
    MIRRORED = "mirrored"


def turning(film: Path) -> Turning:
    """What the film asks for; of several tracks of pictures, one that is mirrored counts, then one that is turned.

    NONE of a file that has no such matrix or can't be read.
    """
    try:
        with regular(film) as file:
            fd = file.fileno()
            whole = Box(b"", 0, file.seek(0, 2))
            films = [one for one in within(fd, whole, b"moov", b"trak") if _has_pictures(fd, one)]
            of_all = [_matrix(one.read(fd), 36, 48) for one in within(fd, whole, b"moov", b"mvhd")][:1] or [_AS_STORED]
            matrices = [
                _product(_matrix(one.read(fd), 40, 52), of_all[0]) for track in films for one in within(fd, track, b"tkhd")
            ]
    except (OSError, struct.error):
        return Turning.NONE
    found = {_told(matrix) for matrix in matrices}
    return next((one for one in (Turning.MIRRORED, Turning.TURNED) if one in found), Turning.NONE)


def _has_pictures(fd: int, track: Box) -> bool:
    return any(one.read(fd)[8:12] == b"vide" for one in within(fd, track, b"mdia", b"hdlr"))


def _matrix(header: bytes, short: int, long: int) -> tuple[float, ...]:
    """(a, b, c, d) of an ``mvhd`` or ``tkhd``, which begins at one of two places: version 1 has longer times."""
    at = long if header[:1] == b"\1" else short
    if len(header) < at + 20:
        return _AS_STORED
    a, b, _, c, d = struct.unpack_from(">5i", header, at)
    return a / 65536, b / 65536, c / 65536, d / 65536


def _product(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    (a, b, c, d), (e, f, g, h) = one, other
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def _told(matrix: tuple[float, ...]) -> Turning:
    a, b, c, d = matrix
    size = a * d - b * c
    if size < 0:
        return Turning.MIRRORED
    return Turning.TURNED if size > 0 and (abs(b) > abs(a) or a < 0) else Turning.NONE
