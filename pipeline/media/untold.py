"""Codecs of MOV of which a decoder must be told how many bits a pixel has, which ffmpeg does not write into Matroska."""

import struct
from pathlib import Path

from pipeline.safe_open import regular
from pipeline.video.boxes import Box, within

UNTOLD = frozenset({"qtrle", "smc"})
_NAMES = frozenset({b"rle ", b"smc "})
"""what MOV calls them"""


def needs_mov(film: Path) -> bool:
    """Whether a film of MOV has pictures that only MOV holds; false of a file that has no such tables or can't be read."""
    try:
        with regular(film) as file:
            fd = file.fileno()
            whole = Box(b"", 0, file.seek(0, 2))
            tables = within(fd, whole, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
            return any(one.read(fd)[12:16] in _NAMES for one in tables)
    except (OSError, struct.error):
        return False
