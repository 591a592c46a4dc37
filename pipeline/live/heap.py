"""What glibc's allocator is told, so that a process of days holds what it uses.

Each window's pictures are some megabytes, taken and given back. Left alone glibc learns from that to keep such pieces in its heaps,
one for each thread, which fill with holes; told a bound that stays, it maps them and gives them back.
"""

import ctypes
from contextlib import suppress

LARGE = 1 << 20
"""bytes from which a piece is mapped by itself"""
ARENAS = 2
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8


def hold_what_is_used() -> None:
    """For this process; another C library than glibc has its own ways, and is left alone."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
