"""What decoders say while they work: the only sign of damage that they conceal.

A child's standard error is a file in memory; libav, ours and OpenCV's, writes its errors there.
"""

import os
import re

_DAMAGE = re.compile(
    rb"error while decoding|Error at MB|damaged|invalid as first byte|ended prematurely|partial file|corrupt(?!ed timestamp)"
    rb"|exceeds max length|exceeds containing master|Invalid track number|Error parsing frame sizes"  # Matroska
    rb"|Packet mismatch|CRC mismatch|packet_(?:obj|replic)_size|Impossibly sized"  # FLV, Ogg, ASF, RealMedia
)
"""What libav says of bytes that are not as they were written; it says more that means nothing."""


def here() -> int:
    """How far the errors go; 0 where they are not kept."""
    try:
        return os.lseek(2, 0, os.SEEK_CUR)
    except OSError:
        return 0


def says(words: str, since: int) -> bool:
    """Whether these words are among the errors from there on."""
    return here() > since and words.encode() in os.pread(2, 1 << 16, since)


def complaint(since: int) -> tuple[int, bool]:
    """(how far the errors have been read, whether there is damage among the new ones). Decoders conceal it otherwise."""
    try:
        size = os.lseek(2, 0, os.SEEK_CUR)
    except OSError:
        return 0, False
    if size <= since:
        return size, False
    damaged = bool(_DAMAGE.search(os.pread(2, 1 << 16, since)))
    if size > 1 << 20:
        os.ftruncate(2, 0)
        size = os.lseek(2, 0, os.SEEK_SET)
    return size, damaged
