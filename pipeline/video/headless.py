"""Why a file can't be opened as a film, in words for the user: what its first boxes tell, where it is MP4 or QuickTime.

ftyp  mdat.........#               a recording whose battery ran out, a copy that broke off: the index (moov) is written last
styp  moof  mdat  moof  mdat       a piece of a stream (DASH, CMAF): its beginning is a file of its own
"""

import os
import struct

UNKNOWN = "no known video format, or its head is damaged; check that it plays elsewhere"
NO_INDEX = (
    "its index (moov) is missing, which is written last: the recording or the copy broke off; copy it again, or mend it with a tool"
    " such as untrunc"
)
A_PIECE = "it is a piece of a stream (DASH, CMAF, HLS) without its beginning: put the stream's init file before it"
ZEROS = "it begins with zeros alone: a download or a copy that only set its room aside, or that broke off; fetch it again"
_LOOKED_AT = 1 << 16
"""bytes that may all be zeros"""
_MP4 = frozenset({b"ftyp", b"styp", b"moof", b"mdat", b"wide", b"free", b"skip", b"sidx", b"pnot"})
_MOST = 10_000
"""boxes that are looked at"""


def why(fd: int) -> str:
    """The sentence about a file that no demuxer opens."""
    if not os.pread(fd, _LOOKED_AT, 0).strip(b"\0"):
        return ZEROS
    found: set[bytes] = set()
    at = 0
    for _ in range(_MOST):
        head = os.pread(fd, 16, at)
        if len(head) < 8:
            break
        size, kind = struct.unpack(">I4s", head[:8])
        if not found and kind not in _MP4:
            return UNKNOWN
        found.add(kind)
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if size < 8:  # 0: to the end of the file
            break
        at += size
    if b"moov" in found or not found & {b"mdat", b"moof"}:
        return UNKNOWN
    return A_PIECE if b"moof" in found else NO_INDEX
