"""A GIF as viewers see it: browsers and players give a frame that asks for 10 ms or less 100 ms, and end with its trailer.

head  delay 0  picture  delay 1  picture  picture  delay 5  picture  trailer | head ...         as it is stored
head  delay 10 picture  delay 10 picture  delay 10 picture  delay 5  picture  trailer           as it is shown (hundredths of a second)

The versions of libav differ here (docs/decisions/0156), so each is handed what is shown, not what is stored.
"""

import io
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

SHORTEST = 2
"""hundredths of a second from which browsers and players take a delay as it is told"""
USUAL = 10
"""hundredths of a second that they give what is shorter, or not told"""
_MOST = 1_000_000
"""pictures that are looked at, at most: those beyond are taken as they are"""
_CONTROL = bytes((0x21, 0xF9, 4, 0, USUAL, 0, 0, 0))
"""a graphic control extension (GIF89a 23) that tells a delay and nothing beside it"""
_HEADS = (b"GIF87a", b"GIF89a")


@dataclass(frozen=True, slots=True)
class Changes:
    """In what a GIF as it is shown differs from its file."""

    delays: tuple[int, ...]
    """where the two bytes of a delay lie that is too short"""
    missing: tuple[int, ...]
    """where a picture begins for which no delay is told"""
    end: int
    """where it ends"""
    behind: int | None
    """where another GIF begins"""


def changes(fd: int) -> Changes | None:
    """Of an open file; None where it is no GIF. One that breaks off or is damaged is followed so far, and ends with its file."""
    if os.pread(fd, 6, 0) not in _HEADS:
        return None
    short: list[int] = []
    missing: list[int] = []
    with open(fd, "rb", closefd=False) as file:
        told, pictures = None, 0
        for kind, at in _blocks(file):
            if kind == "delay":
                told = at
            elif kind == "picture":
                pictures += 1
                if pictures > _MOST:
                    break
                if told is None:
                    missing.append(at)
                elif int.from_bytes(os.pread(fd, 2, told), "little") < SHORTEST:
                    short.append(told)
                told = None
            else:
                another = os.pread(fd, 6, at) in _HEADS
                return Changes(tuple(short), tuple(missing), at, at if another else None)
    return Changes(tuple(short), tuple(missing), os.fstat(fd).st_size, None)


def _blocks(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """("delay", where it lies), ("picture", where it begins), ("end", what follows the trailer); ends early where the file is damaged."""
    file.seek(0)
    head = file.read(13)
    if len(head) < 13:
        return
    file.seek(13 + _colours(head[10]))
    while kind := file.read(1):
        at = file.tell() - 1
        if kind == b"\x3b":
            yield "end", at + 1
            return
        if kind == b"\x21":
            if file.read(2) == b"\xf9\x04":
                yield "delay", at + 4
            file.seek(at + 2)
        elif kind == b"\x2c":
            form = file.read(9)
            if len(form) < 9:
                return
            yield "picture", at
            file.seek(at + 11 + _colours(form[8]))
        else:
            return
        if not _passed(file):
            return


def _colours(packed: int) -> int:
    """Bytes of the table of colours that this byte announces."""
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _passed(file: BinaryIO) -> bool:
    """Go behind a row of sub-blocks; false where the file ends in it."""
    while length := file.read(1):
        if length == b"\0":
            return True
        file.seek(length[0], os.SEEK_CUR)
    return False


class Shown(io.RawIOBase):
    """A GIF as it is shown, as a file to read. The descriptor is its caller's, and stays open."""

    name = "shown.gif"

    def __init__(self, fd: int, change: Changes) -> None:
        super().__init__()
        self._fd, self._at = fd, 0
        edits = sorted(
            [(at, at + 2, _CONTROL[4:6]) for at in change.delays] + [(at, at, _CONTROL) for at in change.missing],
        )
        self._pieces: list[range | bytes] = []
        done = 0
        for start, end, instead in edits:
            self._pieces += [range(done, start), instead]
            done = end
        self._pieces.append(range(done, change.end))
        self._ends = list(accumulate(map(len, self._pieces)))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as the file goes; the bytes that it got, 0 at the end."""
        room = memoryview(buffer).cast("B")
        filled, number = 0, bisect_right(self._ends, self._at)
        while filled < len(room) and number < len(self._pieces):
            piece = self._pieces[number]
            into = self._at - (self._ends[number] - len(piece))
            part = piece[into : into + len(room) - filled]
            data = part if isinstance(part, bytes) else os.pread(self._fd, len(part), part.start)
            if not data:  # the file has become shorter
                break
            room[filled : filled + len(data)] = data
            filled += len(data)
            self._at += len(data)
            if self._at >= self._ends[number]:
                number += 1
        return filled


def as_shown(fd: int) -> Shown | None:
    """What viewers see of an open GIF; None where that is what is stored, or it is no GIF."""
    change = changes(fd)
    if change is None or not (change.delays or change.missing or change.end < os.fstat(fd).st_size):
        return None
    return Shown(fd, change)
