"""Boxes of an MP4 or MOV file (ISO/IEC 14496-12 4.2): length, name, contents, one after another and one inside another."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from os import fstat, pread
from pathlib import Path

from pipeline.safe_open import regular

_LARGEST = 1 << 20
"""boxes that are looked at in one place, at most"""


@dataclass(frozen=True, slots=True)
class Box:
    """Where the contents of a box are in the file."""

    kind: bytes
    start: int
    end: int

    def read(self, fd: int, most: int = 1 << 16) -> bytes:
        """Its contents, up to so many bytes."""
        return pread(fd, max(0, min(self.end - self.start, most)), self.start)


def boxes(fd: int, at: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets of a file; damaged lengths end the list."""
    for _ in range(_LARGEST):
        head = pread(fd, 16, at)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        inside = at + 8
        if size == 1 and len(head) == 16:
            size, inside = struct.unpack(">Q", head[8:])[0], at + 16
        size = size or end - at
        if size < inside - at:
            return
        yield Box(kind, inside, min(end, at + size))
        at += size


def within(fd: int, box: Box, *path: bytes) -> Iterator[Box]:
    """The boxes that a path of names leads to."""
    for one in boxes(fd, box.start, box.end):
        if one.kind == path[0]:
            yield from within(fd, one, *path[1:]) if len(path) > 1 else (one,)


def fragmented(film: Path) -> bool:
    """Whether a film is in fragments, as streams are recorded; false of a file that can't be read so."""
    try:
        with regular(film) as file:
            whole = Box(b"", 0, fstat(file.fileno()).st_size)
            return any(True for _ in within(file.fileno(), whole, b"moov", b"mvex"))
    except (OSError, struct.error):
        return False
