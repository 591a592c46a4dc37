"""Whether a file ends before the size that its own head tells: a copy or a download that broke off.

AVI    RIFF, size of what follows in 4 bytes
ASF    the file properties object: its id, its size in 8 bytes, the file's id in 16, the file's size in 8
"""

import os

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
HEAD = 1 << 16
"""bytes in which the properties are looked for"""
PADDING = 1
"""byte that a chunk of odd length may lack"""


def cut_short(fd: int) -> bool:
    """Of an open file. What tells no size (a recording that nobody ended, a live stream) is not cut short."""
    head, size = os.pread(fd, HEAD, 0), os.fstat(fd).st_size
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        declared = 8 + int.from_bytes(head[4:8], "little")
    elif head[:16] == _ASF and (at := head.find(_PROPERTIES)) >= 0:
        declared = int.from_bytes(head[at + 40 : at + 48], "little")
    else:
        return False
    return size + PADDING < declared < 1 << 48
