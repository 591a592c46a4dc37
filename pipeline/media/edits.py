"""Edits (edit lists) of MP4 and MOV: what a telephone's trim and an editor's cut leave in the file, and no player shows.

in the file      |.....:=========:.....|        one edit: an end is left out by copying less; a beginning only MP4 can hide
in the file      |..:=====:...:=====:..|        several: ffmpeg goes back to a keyframe for each, and writes one

A copy that shows what somebody cut out is no copy of the film: where the container can't hide it, it is refused.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.boxes import Box, within
from pipeline.media.packets import hides_its_beginning
from pipeline.media.run import Place
from pipeline.media.streams import Contents

LITTLE = 0.1
"""seconds that are no edit: lengths are rounded, pictures out of order reach past an end, and coders of sound begin with silence"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What edits hide of a film."""

    several: bool = False
    """whether the picture has more than one edit"""
    beginning: bool = False
    shown: float = 0.0
    """seconds that the one edit shows, where more follows in the file; 0 where nothing does"""
    sound: frozenset[int] = frozenset()
    """indexes of the sound streams of which a copy would let hear what was cut out"""


@dataclass(frozen=True, slots=True)
class _Track:
    length: float
    edits: tuple[tuple[float, float], ...]
    """(first moment, end) in the track's own time"""


def edits(ffmpeg: Ffmpeg, place: Place, film: Contents, *, rules: str) -> Edits:
    """What edits hide, and a copy into a container of these rules would not; nothing where the film's container has none."""
    if not film.container.startswith("mov"):
        return Edits()
    with (place.folder / place.film).open("rb") as file:
        tracks = list(_tracks(file.fileno()))
    if len(tracks) <= max(stream.index for stream in film.streams):
        tracks += [_Track(0.0, ())] * (1 + max(stream.index for stream in film.streams) - len(tracks))
    heard = (
        stream.index
        for stream in film.of("audio")
        if (found := tracks[stream.index].edits) and (len(found) > 1 or (rules != "mp4" and found[0][0] > LITTLE))
    )
    picture = tracks[film.film.index]
    if len(picture.edits) != 1:
        return Edits(several=len(picture.edits) > 1, sound=frozenset(heard))
    ((start, end),) = picture.edits
    more = end > start and picture.length > end + LITTLE
    hidden = start > 0 and hides_its_beginning(ffmpeg, place, film)
    return Edits(beginning=hidden, shown=end - start if more else 0.0, sound=frozenset(heard))


def refuse(found: Edits, rules: str) -> None:
    """See that a copy into a container of these rules hides what the film hides. Raises OutputError ``edit_hides``."""
    if found.several:
        sentence = "it has several edits (parts were cut out or moved), which no copy keeps: burn it, or encode it anew first"
        raise OutputError("edit_hides", sentence)
    if found.beginning and rules != "mp4":
        sentence = (
            "its beginning is cut off by an edit, and a copy into this container would show it: write to a .mp4, or burn it"
        )
        raise OutputError("edit_hides", sentence)


def _tracks(fd: int) -> Iterator[_Track]:
    """The tracks of the file, in the order in which ffmpeg numbers its streams."""
    whole = Box(b"", 0, os.fstat(fd).st_size)
    ticks = next((_clock(one.read(fd))[0] for one in within(fd, whole, b"moov", b"mvhd")), 1)
    for trak in within(fd, whole, b"moov", b"trak"):
        clock, length = next((_clock(one.read(fd)) for one in within(fd, trak, b"mdia", b"mdhd")), (1, 0))
        found: list[tuple[float, float]] = []
        for lasts, first in (edit for one in within(fd, trak, b"edts", b"elst") for edit in _listed(one.read(fd))):
            if first >= 0:
                found.append((first / clock, first / clock + lasts / ticks))
        yield _Track(length / clock, tuple(found))


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
    size = struct.calcsize(form)
    count = min(int.from_bytes(table[4:8], "big"), max(0, len(table) - 8) // size)
    return [struct.unpack_from(form, table, 8 + n * size)[:2] for n in range(count)]
