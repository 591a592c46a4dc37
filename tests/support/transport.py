"""Transport streams that are changed by hand: what their list of streams says, what their packets hold."""

import random
from pathlib import Path


def crc(section: bytes) -> bytes:
    """The checksum at the end of a table of a transport stream (ISO/IEC 13818-1 annex A)."""
    rest = 0xFFFFFFFF
    for byte in section:
        rest ^= byte << 24
        for _ in range(8):
            rest = ((rest << 1) ^ 0x04C11DB7 if rest & 0x80000000 else rest << 1) & 0xFFFFFFFF
    return rest.to_bytes(4, "big")


def renamed(film: Path, out: Path, was: bytes, becomes: bytes) -> Path:
    """A transport stream whose list of streams (PMT) says another thing."""
    data = bytearray(film.read_bytes())
    step, first = (192, 4) if film.suffix == ".m2ts" else (188, 0)
    for at in range(first, len(data), step):
        if data[at + 1] & 0x40 and data[at + 4] == 0 and data[at + 5] == 2:
            length = ((data[at + 6] & 15) << 8 | data[at + 7]) - 1
            table = bytes(data[at + 5 : at + 5 + length]).replace(was, becomes)
            data[at + 5 : at + 9 + length] = table + crc(table)
    out.write_bytes(data)
    return out


def scrambled(film: Path, pid: int) -> Path:
    """The same file with noise in the packets of one stream, of which nothing can be guessed."""
    data, noise = bytearray(film.read_bytes()), random.Random(1)
    for at in range(0, len(data), 188):
        if (data[at + 1] & 31) << 8 | data[at + 2] == pid:
            begins = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
            if data[at + 1] & 0x40:
                begins += 9 + data[begins + 8]  # the head of a PES packet, which has its time
            data[begins : at + 188] = noise.randbytes(at + 188 - begins)
    film.write_bytes(data)
    return film
