"""NAL units, as far as is needed to tell a picture that a decoder can start at without being told to forget the rest."""

from dataclasses import dataclass
from typing import Any

HEAD = 1 << 12
"""bytes within which the next start code is looked for"""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a stream's packets are divided into NAL units (ITU-T H.264 7.3.1, H.265 7.3.1)."""

    hevc: bool
    length: int
    """bytes of the length before each unit (ISO/IEC 14496-15); 0: start codes (Annex B)"""


def framing(codec: str, extradata: bytes) -> Framing | None:
    """From a codec's name and its avcC or hvcC record; None for codecs that have no NAL units."""
    hevc = codec == "hevc"
    if not hevc and codec != "h264":
        return None
    at = 21 if hevc else 4
    return Framing(hevc, (extradata[at] & 3) + 1 if len(extradata) > at and extradata[0] == 1 else 0)


def is_idr(packet: Any, framing: Framing | None) -> bool:
    """Whether a packet (a buffer of bytes) begins with an IDR picture: nothing after it is built on anything before it, and all
    before it is shown before it (ITU-T H.264 7.4.1.2.4, H.265 7.4.2.2). False where that can't be told."""
    kind = slice_kind(packet, framing)
    return kind is not None and framing is not None and (kind in (19, 20) if framing.hevc else kind == 5)


def slice_kind(packet: Any, framing: Framing | None) -> int | None:
    """nal_unit_type of a packet's first slice; parameters and remarks may come before it. None where it can't be told."""
    if framing is None:
        return None
    data = memoryview(packet)
    at = slice_at(data, framing)
    return None if at is None else _kind(data[at], framing)


def _kind(head: int, framing: Framing) -> int:
    """nal_unit_type, by the first byte of a unit."""
    return (head >> 1) & 63 if framing.hevc else head & 31


def slice_at(data: memoryview, framing: Framing) -> int | None:
    """Where a packet's first slice begins, at its header; None where there is none to be found."""
    at = 0
    while True:
        if framing.length:
            unit = at + framing.length
            after = unit + int.from_bytes(data[at:unit], "big")
        else:
            found = bytes(data[at : at + HEAD]).find(b"\0\0\1")
            unit = after = at + found + 3 if found >= 0 else len(data)
        if unit >= len(data):
            return None
        kind = _kind(data[unit], framing)
        if kind <= 31 if framing.hevc else 1 <= kind <= 5:
            return unit
        at = after
