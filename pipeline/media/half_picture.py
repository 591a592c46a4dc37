"""The half picture in which a transport stream breaks off: a recording or a download that was stopped anywhere.

    ... | head of a picture | ... | ... | stuffing + rest |     whole: the packet that ends a picture is filled up
    ... | head of a picture | ... | ... |                       half: its last packet is full to the brim

A transport stream does not tell how long a picture is, and ffmpeg copies what is there. Chance fills a whole picture's last packet
to the brim once in 184 times.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.video.transport import SYNC, layout

TAIL = 4_000_000
"""bytes at a file's end that are looked at: no picture of a broadcast is larger"""


@dataclass(slots=True)
class _Picture:
    """The latest picture that began on one stream."""

    begins: int
    declared: int
    """bytes that its head says follow; 0: it does not tell"""
    held: int = 0
    filled_up: bool = False


def half_picture(film: Path) -> int | None:
    """The byte at which the last picture of a transport stream begins, if the file ends in the middle of it; None: it is whole, or
    the file holds several films, of which any may be meant."""
    with film.open("rb") as file:
        found = layout(file.read(1024))
        if found is None:
            return None
        size, offset = found
        length = file.seek(0, 2)
        start = max(0, (length - TAIL) // size * size)
        file.seek(start)
        tail = file.read(TAIL + size)
    pictures: dict[int, _Picture] = {}
    for place in range(0, len(tail) - size + 1, size):
        _see(tail[place + offset : place + offset + 188], start + place, pictures)
    if len(pictures) != 1:
        return None
    [last] = pictures.values()
    half = last.held < last.declared if last.declared else not last.filled_up
    return last.begins if half else None


def _see(packet: bytes, place: int, pictures: dict[int, _Picture]) -> None:
    """One packet of 188 bytes, which lies at ``place``."""
    if packet[0] != SYNC:
        return
    stream, kind = (packet[1] & 0x1F) << 8 | packet[2], packet[3] >> 4 & 3
    body = packet[4 + (1 + packet[4] if kind & 2 else 0) :] if kind & 1 else b""
    if packet[1] & 0x40 and body[:3] == b"\x00\x00\x01" and len(body) >= 6 and 0xE0 <= body[3] <= 0xEF:
        pictures[stream] = _Picture(begins=place, declared=int.from_bytes(body[4:6], "big"), held=-6)
    if body and (picture := pictures.get(stream)) is not None:
        picture.held += len(body)
        picture.filled_up = bool(kind & 2)
