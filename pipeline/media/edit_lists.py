"""Edit lists of MP4 and MOV (ISO/IEC 14496-12 8.6.6), read from the file: which seconds of a track are shown, in which order."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.safe_open import regular
from pipeline.video.boxes import Box, boxes, within

_MOST = 1 << 22
"""bytes of one table that are looked at"""
_NOWHERE = Box(b"", 0, 0)


@dataclass(frozen=True, slots=True)
class EditedTrack:
    """A track and its edits."""

    length: float
    """seconds of it in the file"""
    edits: tuple[tuple[float, float], ...]
    """(first moment, end) in the track's own time, in seconds"""
    waits: float = 0.0
    """seconds of the film before it begins: an empty edit"""
    clock: int = 1
    """ticks a second"""
    box: Box = _NOWHERE


def edited_tracks(fd: int) -> Iterator[EditedTrack]:
    """The tracks of the file, in the order in which ffmpeg numbers its streams."""
    whole = Box(b"", 0, os.fstat(fd).st_size)
    ticks = next((_clock(one.read(fd))[0] for one in within(fd, whole, b"moov", b"mvhd")), 1)
    for trak in within(fd, whole, b"moov", b"trak"):
        clock, length = next((_clock(one.read(fd)) for one in within(fd, trak, b"mdia", b"mdhd")), (1, 0))
        found: list[tuple[float, float]] = []
        waits = 0.0
        for lasts, first in (edit for one in within(fd, trak, b"edts", b"elst") for edit in _listed(one.read(fd))):
            if first >= 0:
                found.append((first / clock, first / clock + lasts / ticks))
            elif not found:
                waits += lasts / ticks
        yield EditedTrack(length / clock, tuple(found), waits, clock, trak)


def begins_late(film: Path) -> bool:
    """Whether every track is waited for, so that the head's length counts from before the film begins (a part that a recorder cut off).

    False of a file that can't be read so.
    """
    try:
        with regular(film) as file:
            tracks = list(edited_tracks(file.fileno()))
            return bool(tracks) and all(track.waits > 0 for track in tracks)
    except (OSError, struct.error):
        return False


def begins_hidden(film: Path) -> bool:
    """Whether one edit hides pictures that those after them need, so that a copy has to hold them and to hide them too.

    False of a file that can't be read so: who writes the copy finds out what is wrong with it.
    """
    try:
        with regular(film) as file:
            return any(_hides(file.fileno(), track) for track in edited_tracks(file.fileno()) if len(track.edits) == 1)
    except (OSError, struct.error):
        return False


def _hides(fd: int, track: EditedTrack) -> bool:
    """Whether a track of pictures is entered before the moment from which on it is shown."""
    if not any(one.read(fd)[8:12] == b"vide" for one in within(fd, track.box, b"mdia", b"hdlr")):
        return False
    (tables,) = list(within(fd, track.box, b"mdia", b"minf", b"stbl"))[:1] or [_NOWHERE]
    read = {
        box.kind: box.read(fd, _MOST) for box in boxes(fd, tables.start, tables.end) if box.kind in (b"stss", b"stts", b"ctts")
    }
    if b"stss" not in read:  # each picture stands for itself
        return False
    moment, entered = round(track.edits[0][0] * track.clock), None
    keys = {number for (number,) in struct.iter_unpack(">I", _table(read[b"stss"], 4))}
    lengths, offsets = _runs(read.get(b"stts", b""), "I"), _runs(read.get(b"ctts", b""), "i")
    decoded = 0
    for number, length in enumerate(lengths, 1):
        shown = decoded + next(offsets, 0)
        if number in keys and shown <= moment:
            entered = shown
        if decoded > moment:
            break
        decoded += length
    return entered is not None and entered < moment


def _runs(table: bytes, form: str) -> Iterator[int]:
    """The values of a table of (how many, value), one by one."""
    for count, value in struct.iter_unpack(f">I{form}", _table(table, 8)):
        for _ in range(count):
            yield value


def _table(table: bytes, size: int) -> bytes:
    """The entries of a table: what stands behind its version and their number."""
    count = min(int.from_bytes(table[4:8], "big"), max(0, len(table) - 8) // size)
    return table[8 : 8 + count * size]


def _clock(header: bytes) -> tuple[int, int]:
    """(ticks a second, length in ticks) of an ``mvhd`` or ``mdhd``."""
    form, at = (">IQ", 20) if header[:1] == b"\1" else (">II", 12)
    if len(header) < at + struct.calcsize(form):
        return 1, 0
    ticks, length = struct.unpack_from(form, header, at)
    unknown = 2**64 - 1 if header[:1] == b"\1" else 2**32 - 1
    return ticks or 1, 0 if length == unknown else length


def _listed(table: bytes) -> list[tuple[int, int]]:
    """(length in the film's ticks, first moment in the picture's; -1 for emptiness) of each entry of an ``elst``."""
    form = ">Qqi" if table[:1] == b"\1" else ">Iii"
    return [entry[:2] for entry in struct.iter_unpack(form, _table(table, struct.calcsize(form)))]
