"""What glibc's allocator is told, so that a process of days holds what it uses.

Pieces of a picture, of a film or of an answer are taken and given back, some hundred kilobytes to some megabytes each, by several
threads. Left alone glibc learns from that to keep such pieces in its heaps, one for each thread, which fill with holes; told a bound
that stays, it maps them one by one and gives them back. What holes small pieces leave is given back now and then.
"""

import asyncio
import ctypes
import gc
import time
from contextlib import suppress

LARGE = 1 << 17
"""bytes from which a piece is mapped by itself. Half a second of a stream as it came or a small picture is more: with 1 MB they were
part of the heaps, and each time that two of them happened to be there at once the heap grew by half a megabyte and stayed so"""
ARENAS = 2
TRIMMED, COLLECTED = 60.0, 600.0
"""seconds between two times that holes are given back, which takes milliseconds, and that Python looks for cycles of what nobody
uses any more, which takes some tens of them"""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def hold_what_is_used() -> None:
    """For this process; another C library than glibc has its own ways, and is left alone."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, LARGE)


class Upkeep:
    """What a process of days does now and then. Python by itself looks at old objects when a quarter of them is new: after hours, where
    few are made; until then cycles that nobody uses look like growth, a megabyte an hour."""

    def __init__(self) -> None:
        self._trimmed = self._collected = time.monotonic()

    async def look(self) -> None:
        """Do what is due, on a thread."""
        now = time.monotonic()
        if now - self._trimmed > TRIMMED:
            whole = now - self._collected > COLLECTED
            self._trimmed, self._collected = now, now if whole else self._collected
            await asyncio.to_thread(give_back, collect=whole)


def give_back(*, collect: bool = False) -> None:
    """Give the pages of this process's heaps back in which nothing is; ``collect``: after what only refers to itself."""
    if collect:
        gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
