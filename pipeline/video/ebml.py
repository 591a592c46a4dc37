"""Elements of a Matroska or WebM file (RFC 8794, RFC 9559): id, length, contents, one after another and one inside another."""

import os
from collections.abc import Iterator

EBML = b"\x1a\x45\xdf\xa3"
"""what such a file begins with"""
SEGMENT, CLUSTER, TRACKS, TRACK, TYPE = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0x83
_MOST = 10_000
"""elements in one place, at most"""


def elements(fd: int, at: int, end: int, *path: int) -> Iterator[tuple[int, int]]:
    """Where the contents of the elements lie that a path of ids leads to, up to the first cluster of pictures."""
    for _ in range(_MOST):
        if at >= end:
            return
        head = os.pread(fd, 12, at)
        long = _width(head[:1])
        wide = _width(head[long : long + 1])
        if not long or not wide or long > 4 or len(head) < long + wide:
            return
        kind = int.from_bytes(head[:long], "big")
        length = int.from_bytes(head[long : long + wide], "big") & ((1 << 7 * wide) - 1)
        inside = at + long + wide
        after = end if length == (1 << 7 * wide) - 1 else min(end, inside + length)  # all ones: nobody knows how long
        if kind == CLUSTER:
            return
        if kind == path[0]:
            if len(path) == 1:
                yield inside, after
            else:
                yield from elements(fd, inside, after, *path[1:])
        at = after


def _width(first: bytes) -> int:
    """Bytes of a number of EBML that begins so (RFC 8794 4.1); 0: of none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
