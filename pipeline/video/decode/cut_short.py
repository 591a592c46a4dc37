"""Whether a file ends before the size that its own head tells: a copy or a download that broke off.

AVI    RIFF, size of what follows in 4 bytes
ASF    the file properties object: its id, its size in 8 bytes, the file's id in 16, the file's size in 8, ..., flags in 4 at 88 (1: live)
"""

import os

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
HEAD = 1 << 16
"""bytes in which the properties are looked for"""
UNTOLD = 0xFFFFFFFF
"""an AVI's size in one that was written to a pipe: nobody could go back and tell it"""
LIVE = 1
"""flag of an ASF that was sent while it was made: its size means nothing"""
PADDING = 1
"""byte that a chunk of odd length may lack"""


def cut_short(fd: int) -> bool:
    """Of an open file. What tells no size (a recording that nobody ended, a live stream) is not cut short."""
    head, size = os.pread(fd, HEAD, 0), os.fstat(fd).st_size
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        told = int.from_bytes(head[4:8], "little")
        declared = 0 if told == UNTOLD else 8 + told
    elif head[:16] == _ASF and (at := head.find(_PROPERTIES)) >= 0:
        live = int.from_bytes(head[at + 88 : at + 92], "little") & LIVE
        declared = 0 if live else int.from_bytes(head[at + 40 : at + 48], "little")
    else:
        return False
    return size + PADDING < declared < 1 << 48
