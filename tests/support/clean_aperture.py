"""A clean aperture (``clap``, ISO/IEC 14496-12 12.1.4) put into the picture of an MP4 whose index is stored last."""

import struct
from fractions import Fraction
from pathlib import Path

INTO = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")


def write(film: Path, out: Path, size: tuple[Fraction | int, Fraction | int], off: tuple[Fraction | int, Fraction | int]) -> Path:
    """``size``: what is shown; ``off``: how far its middle is from that of the picture, to the right and down."""
    data = bytearray(film.read_bytes())
    values = [part for value in (*size, *off) for part in Fraction(value).as_integer_ratio()]
    box = struct.pack(">I4s8i", 40, b"clap", *values)
    moov = data.index(b"moov") - 4
    assert moov > data.index(b"mdat"), "else places in the file would change"
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    end = entry + int(struct.unpack_from(">I", data, entry)[0])
    for name in (*INTO, b"avc1"):
        at = data.index(name, moov) - 4
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(box))
    out.write_bytes(data[:end] + box + data[end:])
    return out
