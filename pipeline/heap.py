"""What glibc's allocator is told, so that a process of days holds what it uses.

Pieces of a picture, of a film or of an answer are taken and given back, some hundred kilobytes to some megabytes each, by several
threads. Left alone glibc learns from that to keep such pieces in its heaps, one for each thread, which fill with holes; told a bound
that stays, it maps them one by one and gives them back. What holes small pieces leave is given back now and then.
"""

import ctypes
from contextlib import suppress

LARGE = 1 << 17
"""bytes from which a piece is mapped by itself. Half a second of a stream as it came or a small picture is more: with 1 MB they were
part of the heaps, and each time that two of them happened to be there at once the heap grew by half a megabyte and stayed so"""
ARENAS = 2
EVERY = 60.0
"""seconds between two times that ``give_back`` is worth its few milliseconds"""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def hold_what_is_used() -> None:
    """For this process; another C library than glibc has its own ways, and is left alone."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, LARGE)


def give_back() -> None:
    """Give the pages of this process's heaps back in which nothing is; on a thread, where others should not wait for it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
