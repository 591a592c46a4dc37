"""Why a file can't be opened as a film, in words for the user: what its first boxes tell, where it is MP4 or QuickTime.

ftyp  mdat.........#               a recording whose battery ran out, a copy that broke off: the index (moov) is written last
styp  moof  mdat  moof  mdat       a piece of a stream (DASH, CMAF): its beginning is a file of its own
"""

import os
import struct

NOT_READ = "ffmpeg knows this format, and it is none of those that are read here; if it is a film, convert it first: ffmpeg -i FILE FILM.mp4"
NO_DECODER = (
    "no decoder for this film's codec; convert it to H.264, HEVC, VP9 or AV1 with a program that plays it, for instance: ffmpeg -i FILE"
    " -c:v libx264 FILM.mp4"
)
NOT_LISTED = "not on whitelist"
"""what libav says of a format that is not among those that it may open"""
TEXT = "no known video format: it holds text"
UNKNOWN = "no known video format, or its head is damaged; check that it plays elsewhere"
NO_INDEX = (
    "its index (moov) is missing, which is written last: the recording or the copy broke off; copy it again, or mend it with a tool"
    " such as untrunc"
)
NO_LENGTH = (
    "by the rate that its head tells all of its pictures are shown at one moment; convert it with the rate that it has, for instance: ffmpeg"
    " -r 25 -i FILE FILM.mp4"
)
A_PIECE = "it is a piece of a stream (DASH, CMAF, HLS) without its beginning: put the stream's init file before it"
ZEROS = "it begins with zeros alone: a download or a copy that only set its room aside, or that broke off; fetch it again"
_TEXT = 1 << 10
"""bytes of a text by which it is known"""
_LOOKED_AT = 1 << 16
"""bytes that may all be zeros"""
_MP4 = frozenset({b"ftyp", b"styp", b"moof", b"mdat", b"wide", b"free", b"skip", b"sidx", b"pnot"})
_MOST = 10_000
"""boxes that are looked at"""


def why(fd: int) -> str:
    """The sentence about a file that no demuxer opens."""
    if not os.pread(fd, _LOOKED_AT, 0).strip(b"\0"):
        return ZEROS
    if _is_text(os.pread(fd, _TEXT, 0)):
        return TEXT
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


def _is_text(head: bytes) -> bool:
    """Whether a file begins with characters alone. Names of boxes are characters, the lengths before them are not."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or error.start == 0:  # else the last character is cut off
            return False
        text = head[: error.start].decode()
    return all(letter.isprintable() or letter in "\t\n\r\f\ufeff" for letter in text)
