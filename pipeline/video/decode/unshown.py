"""Packets whose pictures are decoded for the sake of others and never shown, or are no pictures: they take no time in a film.

VP8    alternative reference frames, each in a packet of its own                 (RFC 6386 9.1: show_frame)
VP9    the same, where a packet is no superframe that shows another              (bitstream specification 6.2, annex B)
AV1    temporal units without a shown frame                                      (specification 5.9.2)
HEVC   pictures that lead in the first keyframe and need what came before it     (ITU-T H.265 8.3.1: RASL)
H.264  the same, where a film was cut at the open end of a group
"""

from collections.abc import Iterator
from typing import Any

from pipeline.video.decode.nal import Framing, framing, slice_kind

RADL, RASL = (6, 7), (8, 9)
"""nal_unit_type of HEVC pictures that lead in a keyframe; the latter can't be decoded where decoding starts at it"""
IDR = 5


def vp8_is_shown(data: memoryview) -> bool:
    """Bit 4 of the frame tag."""
    return len(data) == 0 or bool(data[0] & 0x10)


def vp9_is_shown(data: memoryview) -> bool:
    """Whether any frame of a packet is shown; a frame that only names an older one shows that one."""
    return any(_vp9_frame_is_shown(frame) for frame in _vp9_frames(data))


def _vp9_frame_is_shown(frame: memoryview) -> bool:
    if not len(frame) or frame[0] >> 6 != 2:
        return True  # damaged: the decoder decides
    profile = (frame[0] >> 5 & 1) | (frame[0] >> 4 & 1) << 1
    at = 3 - (profile == 3)  # one reserved bit more
    return bool(frame[0] >> at & 1) or bool(frame[0] >> (at - 2) & 1)


def _vp9_frames(data: memoryview) -> Iterator[memoryview]:
    """The frames of a superframe, or the packet itself."""
    mark = data[-1] if len(data) else 0
    count, width = (mark & 7) + 1, (mark >> 3 & 3) + 1
    index = 2 + count * width
    if mark >> 5 != 6 or len(data) < index or data[-index] != mark:
        yield data
        return
    at, entry = 0, len(data) - index + 1
    for number in range(count):
        size = int.from_bytes(data[entry + number * width : entry + (number + 1) * width], "little")
        yield data[at : at + size]
        at += size


def av1_is_shown(data: memoryview) -> bool:
    """Whether a temporal unit shows a frame; True where that can't be told."""
    at, still, frames = 0, False, 0
    while at < len(data):
        head, at = data[at], at + 1 + (data[at] >> 2 & 1)
        size = len(data) - at
        if head & 2:
            size, at = _leb128(data, at)
        kind, payload = head >> 3 & 15, data[at : at + size]
        if kind == 1:  # sequence header: reduced_still_picture_header
            still = len(payload) > 0 and bool(payload[0] >> 3 & 1)
        elif kind in (3, 6) and len(payload):  # show_existing_frame, or show_frame after two bits of frame_type
            frames += 1
            if still or payload[0] & 0x80 or payload[0] & 0x10:
                return True
        at += size
    return frames == 0


def _leb128(data: memoryview, at: int) -> tuple[int, int]:
    """(value, where it ends)."""
    value = 0
    for number in range(8):
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            break
    return value, at


class Unshown:
    """Asked for each packet of a film in the order in which it is stored."""

    def __init__(self, codec: str, extradata: bytes) -> None:
        self._shown = {"vp8": vp8_is_shown, "vp9": vp9_is_shown, "av1": av1_is_shown}.get(codec)
        self._units: Framing | None = framing(codec, extradata)
        self._first: int | None = None
        """time of the first keyframe, as long as what leads it in may follow"""
        self._leading = self._units is not None
        self._begun = False

    def __call__(self, packet: Any) -> bool:
        """Whether a packet (a buffer of bytes with ``pts`` and ``is_keyframe``) shows nothing."""
        if self._shown is not None:
            return not self._shown(memoryview(packet))
        return self._leading and self._leads(packet)

    def _leads(self, packet: Any) -> bool:
        """Whether it leads in the first keyframe, and was left without what it is built on."""
        if not self._begun:
            self._begun, self._first = True, packet.pts
            kind = slice_kind(packet, self._units)
            closed = self._units is not None and not self._units.hevc and kind == IDR
            self._leading = packet.is_keyframe and packet.pts is not None and kind is not None and not closed
            return False
        if self._units is not None and self._units.hevc:
            kind = slice_kind(packet, self._units)
            self._leading = kind in (*RASL, *RADL)
            return kind in RASL
        self._leading = packet.pts is None or (self._first is not None and packet.pts < self._first)
        return self._leading
