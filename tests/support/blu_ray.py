"""Subtitles of a Blu-ray, which are pictures, made by hand: ffmpeg has no encoder of them."""

import struct
from pathlib import Path


def segment(time: float, kind: int, inside: bytes) -> bytes:
    """A part of a presentation graphics stream, as it stands in .sup files."""
    return b"PG" + struct.pack(">IIBH", int(time * 90_000), 0, kind, len(inside)) + inside


def sup(path: Path) -> Path:
    """A bar of 64x16 that is shown from 0.5 to 1.5 s and from 2 to 3 s, in a picture of 320x180."""
    written = b""
    window = bytes((1, 0)) + struct.pack(">HHHH", 40, 150, 64, 16)
    colours = bytes((0, 0, 1, 235, 128, 128, 255))
    bar = (bytes((0, 0x80 | 0x3F, 1)) + bytes((1, 0, 0))) * 16  # 63 pixels of colour 1 and another, then the line's end
    for number, (start, end) in enumerate([(0.5, 1.5), (2.0, 3.0)]):
        shown = struct.pack(">HHBHBBBBHBBHH", 320, 180, 0x10, 2 * number, 0x80, 0, 0, 1, 0, 0, 0, 40, 150)
        cleared = struct.pack(">HHBHBBBB", 320, 180, 0x10, 2 * number + 1, 0, 0, 0, 0)
        drawn = struct.pack(">HBB", 0, 0, 0xC0) + (len(bar) + 4).to_bytes(3, "big") + struct.pack(">HH", 64, 16) + bar
        written += segment(start, 0x16, shown) + segment(start, 0x17, window) + segment(start, 0x14, colours)
        written += segment(start, 0x15, drawn) + segment(start, 0x80, b"")
        written += segment(end, 0x16, cleared) + segment(end, 0x17, window) + segment(end, 0x80, b"")
    path.write_bytes(written)
    return path
