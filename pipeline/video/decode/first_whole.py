"""Where the pictures begin that can be seen, in a recording that begins in the middle of a group.

    P B B P | I B B P ...        what is built on pictures that were never received comes out of no decoder, or grey

A container's flags are believed where they call a picture an entry; where they do not, the picture itself is looked at, for there are
containers without flags.

H.264    first slice of type I                  (ITU-T H.264 7.3.3)
HEVC     nal_unit_type 16 to 23                 (ITU-T H.265 7.4.2.2)
MPEG-1/2 picture_coding_type 1                  (ITU-T H.262 6.3.9)
MPEG-4   vop_coding_type 0                      (ISO/IEC 14496-2 6.3.5)
"""

from typing import Any

from pipeline.video.decode.nal import Framing, framing, slice_at

_MARKS = {"mpeg1video": (b"\0\0\1\0", 5, 3, 7), "mpeg2video": (b"\0\0\1\0", 5, 3, 7), "mpeg4": (b"\0\0\1\xb6", 4, 6, 3)}
"""codec -> (start code of a picture, byte behind it that tells its type, bits to the right of that, their mask)"""
_STANDS_ALONE = {"mpeg1video": 1, "mpeg2video": 1, "mpeg4": 0}
"""codec -> the type of a picture that does"""
_INTRA = (2, 4, 7, 9)
"""slice_type I and SI"""
IRAP = -1
"""in place of a slice_type: a picture of HEVC with which decoding can begin"""


class FirstWhole:
    """Told of each packet of a film in the order in which it is stored."""

    def __init__(self, codec: str, extradata: bytes) -> None:
        self._codec, self._units = codec, framing(codec, extradata)
        self._open = self._units is not None or codec in _MARKS
        self.before = 0
        """packets before the first picture that stands alone"""

    def __call__(self, packet: Any) -> None:
        if self._open:
            self._open = not packet.is_keyframe and not self._alone(memoryview(packet))
            self.before += self._open

    def _alone(self, data: memoryview) -> bool:
        """Whether a picture stands alone by itself; the rest of one that was cut has no head, and does not."""
        if self._units is not None:
            return slice_type(data, self._units) in (*_INTRA, IRAP)
        return coding_type(self._codec, data) == _STANDS_ALONE[self._codec]


def coding_type(codec: str, data: memoryview) -> int | None:
    """The type of the first picture of MPEG-1, 2 or 4 in a packet, as the codec numbers it; None where that can't be told."""
    mark, byte, shift, mask = _MARKS[codec]
    at = bytes(data).find(mark)
    return data[at + byte] >> shift & mask if 0 <= at < len(data) - byte else None


def slice_type(data: memoryview, units: Framing) -> int | None:
    """Of a picture's first slice, as H.264 numbers it; of HEVC IRAP, or nothing; None where that can't be told."""
    at = slice_at(data, units)
    if at is None:
        return None
    if units.hevc:
        return IRAP if 16 <= (data[at] >> 1 & 63) <= 23 else None
    bits = int.from_bytes(
        bytes(data[at + 1 : at + 17]).ljust(16, b"\0"), "big"
    )  # two short numbers: no emulation prevention in them
    place = 128
    found = 0
    for _ in range(2):  # first_mb_in_slice, slice_type: Exp-Golomb (9.1)
        zeros = place - (bits & ((1 << place) - 1)).bit_length()
        if 2 * zeros + 1 > place:
            return None
        place -= 2 * zeros + 1
        found = (bits >> place & ((1 << zeros + 1) - 1)) - 1
    return found
