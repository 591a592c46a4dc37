"""The media time at which a segment begins, read from its first bytes, so that the playlist's UTC can be put on it. Pure.

MPEG-TS   the first PTS of a picture (ISO 13818-1 2.4.3)          fragmented MP4   tfdt over the track's timescale (ISO 14496-12 8.8.12)
"""

from collections.abc import Iterator

PACKET = 188
LOOK = 1 << 20
"""bytes of a segment that are looked at: its first picture is there, and a segment may be 256 MB of boxes of eight bytes"""
CYCLE = 2**33 / 90000
"""seconds after which the stamps of MPEG-TS count from 0 again"""


def first_stamp(data: bytes, init: bytes) -> float | None:
    """Seconds, or None where it can't be told. ``init``: the bytes of EXT-X-MAP, where there are some."""
    if data[:1] == b"\x47":
        return _of_ts(data[:LOOK])
    return _of_mp4(data[:LOOK], init[:LOOK])


def _of_ts(data: bytes) -> float | None:
    for at in range(0, len(data) - PACKET + 1, PACKET):
        packet = data[at : at + PACKET]
        if packet[0] != 0x47 or not packet[1] & 0x40:
            continue
        begin = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        pes = packet[begin:]
        if len(pes) < 14 or pes[:3] != b"\0\0\1" or not 0xE0 <= pes[3] <= 0xEF or not pes[7] & 0x80:
            continue
        a, b, c, d, e = pes[9:14]
        return ((a >> 1 & 7) << 30 | b << 22 | c >> 1 << 15 | d << 7 | e >> 1) / 90000
    return None


def _of_mp4(data: bytes, init: bytes) -> float | None:
    scales: dict[int, int] = {}
    for kind, moov in _boxes(init or data):
        if kind != b"moov":
            continue
        for _, trak in (box for box in _boxes(moov) if box[0] == b"trak"):
            found = dict(_boxes(trak))
            media = dict(_boxes(found.get(b"mdia", b"")))
            head, times, handler = found.get(b"tkhd", b""), media.get(b"mdhd", b""), media.get(b"hdlr", b"")
            if len(head) >= 24 and len(times) >= 24 and handler[8:12] == b"vide":
                number = int.from_bytes(head[20:24] if head[0] else head[12:16])
                scales[number] = int.from_bytes(times[20:24] if times[0] else times[12:16])
    for kind, moof in _boxes(data):
        if kind != b"moof":
            continue
        for _, traf in (box for box in _boxes(moof) if box[0] == b"traf"):
            found = dict(_boxes(traf))
            head, decode = found.get(b"tfhd", b""), found.get(b"tfdt", b"")
            scale = scales.get(int.from_bytes(head[4:8]), 0)
            if scale and len(decode) >= 8:
                return int.from_bytes(decode[4:12] if decode[0] else decode[4:8]) / scale
        return None
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box; the last one may be cut off."""
    at = 0
    while at + 8 <= len(data):
        size, kind, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1 and at + 16 <= len(data):
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        if size == 0:
            size = len(data) - at
        if size < head:
            return
        yield kind, data[at + head : at + size]
        at += size
