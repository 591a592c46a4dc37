"""MPEG transport streams (ISO/IEC 13818-1), packet by packet: what their tables say of the picture, all along the file.

    | PAT | PMT: 256 is H.264 | 256 | 256 | ... | PAT | PMT: 256 is HEVC | 256 | ...

Parts that were put one after another may change the codec of the picture's stream. Whoever opened the file for the first decodes and
copies no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.safe_open import regular

SYNC = 0x47
_LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""bytes of a packet, and where in it the packet's own begin: plain, a camera's or disc's (with a clock), with error correction"""
_CODECS = {
    0x01: "MPEG",
    0x02: "MPEG",
    0x10: "MPEG-4",
    0x1B: "H.264",
    0x24: "HEVC",
    0x33: "VVC",
    0x42: "AVS",
    0xD2: "AVS2",
    0xEA: "VC-1",
}
"""stream_type (table 2-34, and what is custom) -> the codec of a picture; MPEG-1 and 2 have one decoder"""
_AT_ONCE = 20_000
"""packets that are looked at together"""
_LONGEST = 30 * 3600.0
"""seconds; a clock that has counted more began anew between"""
_SAMPLE_AES = 0xDB
"""stream_type of H.264 of which samples are encrypted, by Apple's description of it for HLS"""
_LOOKED_AT = 100
"""tables of each kind that are looked at, at most"""
_PROGRAMS = 1000
"""in one stream, at most"""
Rows = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Change:
    """Where the picture's stream goes on in another codec."""

    place: int
    """bytes before the table that says so"""
    seconds: float | None
    """of film before it; None where no clock tells"""
    before: str
    after: str

    @property
    def sentence(self) -> str:
        """What happens there, and how one gets two films that can be read; {} is the file's name."""
        when = f" at {self.seconds:.1f} s" if self.seconds is not None else ""
        return (
            f"the codec of its picture changes{when}, from {self.before} to {self.after}, and what follows can't be read with it: make two"
            f" films of it: head -c {self.place} FILM > 1.ts; tail -c +{self.place + 1} FILM > 2.ts"
        )


def layout(head: bytes) -> tuple[int, int] | None:
    """(bytes of a packet, where in it its own 188 begin) of a file that begins so; None: it is no transport stream."""
    return next(((size, at) for size, at in _LAYOUTS if len(head) > at + size and head[at] == head[at + size] == SYNC), None)


@dataclass(slots=True)
class _Seen:
    """What the tables have said so far."""

    tables: set[int] = field(default_factory=set)
    """streams that PATs name as PMTs"""
    latest: dict[int, bytes] = field(default_factory=dict)
    """each table's latest packet: most say what the one before said"""
    codecs: dict[int, str] = field(default_factory=dict)
    """of each stream of pictures"""
    clocks: dict[int, tuple[float, float]] = field(default_factory=dict)
    """(first, latest) time of each"""
    pat: int = 0
    """the byte at which the latest PAT lies"""


def codec_change(film: Path) -> Change | None:
    """The first place where the codec of a stream of pictures changes; None: nowhere, or the file is no transport stream.

    Raises OSError where the file can't be read.
    """
    seen = _Seen()
    for place, size, packets in _packets(film):
        numbers = (packets[:, 1].astype(np.int32) & 0x1F) << 8 | packets[:, 2]
        begins = (packets[:, 0] == SYNC) & (packets[:, 1] & 0x40 != 0)
        done = 0
        _note_tables(seen, packets[begins & (numbers == 0)])
        if len(seen.tables) > _PROGRAMS:
            return None  # these are no tables
        for row in np.flatnonzero(begins & ((numbers == 0) | np.isin(numbers, [*seen.tables]))):
            number = int(numbers[row])
            packet = packets[row].tobytes()
            at = place + int(row) * size
            if number == 0:
                seen.pat = at
                continue
            if seen.latest.get(number) == packet[4:]:
                continue
            seen.latest[number] = packet[4:]
            _clocks(seen, packets[done:row], numbers[done:row], begins[done:row])
            done = int(row)
            for stream, codec in _pictures(packet):
                before = seen.codecs.setdefault(stream, codec)
                if before != codec:
                    first, last = seen.clocks.get(stream, (0.0, -1.0))
                    lasted = last - first
                    near = seen.pat if at - seen.pat < 16 * size else at
                    return Change(near, lasted if 0 <= lasted < _LONGEST else None, before, codec)
        _clocks(seen, packets[done:], numbers[done:], begins[done:])
    return None


def _note_tables(seen: _Seen, packets: Rows) -> None:
    """Note which streams are PMTs, by what these packets say."""
    for one in packets:
        if seen.latest.get(0) != (packet := one.tobytes())[4:]:
            seen.latest[0] = packet[4:]
            seen.tables |= _programs(packet)


def _packets(film: Path) -> Iterator[tuple[int, int, Rows]]:
    """(place of the first, bytes from one to the next, [packets, 188]) of some packets after another."""
    with regular(film) as file:
        found = layout(file.read(1024))
        if found is None:
            return
        size, offset = found
        file.seek(0)
        place = 0
        while len(data := file.read(size * _AT_ONCE)) >= size:
            count = len(data) // size
            yield place, size, np.frombuffer(data, np.uint8, count * size).reshape(count, size)[:, offset : offset + 188]
            place += count * size


def _clocks(seen: _Seen, packets: Rows, numbers: NDArray[np.int32], begins: NDArray[np.bool_]) -> None:
    """Note when the first and the latest picture of each stream are shown."""
    for stream in seen.codecs:
        rows = np.flatnonzero(begins & (numbers == stream))
        if len(rows) and (latest := shown(packets[rows[-1]].tobytes())) is not None:
            first = seen.clocks.get(stream, (None, 0.0))[0]
            if first is None:
                first = shown(packets[rows[0]].tobytes())
            seen.clocks[stream] = latest if first is None else first, latest


def shown(packet: bytes, *, picture: bool = False) -> float | None:
    """The time of what begins in a packet of 188 bytes (2.4.3.7), seconds; ``picture``: None of sound and others (table 2-22)."""
    body = _body(packet)
    if len(body) < 14 or body[:3] != b"\0\0\1" or not body[7] & 0x80 or (picture and body[3] & 0xF0 != 0xE0):
        return None
    ticks = (body[9] >> 1 & 7) << 30 | body[10] << 22 | (body[11] >> 1) << 15 | body[12] << 7 | body[13] >> 1
    return ticks / 90_000


def _body(packet: bytes) -> bytes:
    """What a packet of 188 bytes carries."""
    kind = packet[3] >> 4 & 3
    return packet[4 + (1 + packet[4] if kind & 2 else 0) :] if kind & 1 else b""


def _section(packet: bytes, table: int) -> bytes:
    """The section of a table that begins in a packet, as far as it is in it and without its sum; b"" where another stands there."""
    body = _body(packet)
    section = body[1 + body[0] :] if body else b""
    if len(section) < 8 or section[0] != table or not section[5] & 1:  # one that is not yet in force is announced
        return b""
    return section[: 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4]


def _programs(packet: bytes) -> set[int]:
    """The streams of the PMTs that a PAT names (2.4.4.3)."""
    section = _section(packet, 0)
    entries = (section[at : at + 4] for at in range(8, len(section) - 3, 4))
    return {(one[2] & 0x1F) << 8 | one[3] for one in entries if one[0] or one[1]}


def _pictures(packet: bytes) -> Iterator[tuple[int, str]]:
    """(stream, codec) of the pictures that a PMT names."""
    return ((stream, _CODECS[kind]) for stream, kind in _streams(packet) if kind in _CODECS)


def _streams(packet: bytes) -> Iterator[tuple[int, int]]:
    """(stream, its stream_type) of all that a PMT names (2.4.4.8)."""
    section = _section(packet, 2)
    at = 12 + ((section[10] & 0x0F) << 8 | section[11]) if len(section) >= 12 else len(section)
    while at + 5 <= len(section):
        yield (section[at + 1] & 0x1F) << 8 | section[at + 2], section[at]
        at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])


def is_closed(head: bytes) -> bool:
    """Whether the tables in a stream's first bytes name encrypted pictures (HLS, SAMPLE-AES) and no others."""
    found = layout(head[:1024])
    if found is None:
        return False
    size, offset = found
    count = len(head) // size
    packets = np.frombuffer(head, np.uint8, count * size).reshape(count, size)[:, offset : offset + 188]
    numbers = (packets[:, 1].astype(np.int32) & 0x1F) << 8 | packets[:, 2]
    begins = (packets[:, 0] == SYNC) & (packets[:, 1] & 0x40 != 0)
    tables = {number for one in packets[begins & (numbers == 0)][:_LOOKED_AT] for number in _programs(one.tobytes())}
    named = packets[begins & np.isin(numbers, [*tables])][:_LOOKED_AT]
    kinds = {kind for one in named for _, kind in _streams(one.tobytes())}
    return _SAMPLE_AES in kinds and not kinds & _CODECS.keys()
