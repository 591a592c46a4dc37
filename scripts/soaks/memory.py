"""What a soak tells of memory: resident bytes by kind, glibc's own account, Python's objects, and a slope with its error.

What a soak keeps of its samples is part of the memory that it measures, so that each sample is two numbers in an array: 16 bytes.
A list of pairs took 120 bytes each, which is 0.4 MB an hour at one each two seconds.
"""

import ctypes
import functools
import gc
import os
import sys
from array import array
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np


def memory(pid: int | str) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def own_memory(pid: int | str) -> int:
    """Resident bytes of a process that are its own: without files, which the kernel maps and drops, and shared memory."""
    statm = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(statm[1]) - int(statm[2])) * os.sysconf("SC_PAGESIZE")


def resident(pid: int | str) -> dict[str, float]:
    """Megabytes of a process by kind: its own, shared (the ring of pictures), and of files."""
    rows = dict(row.split(":", 1) for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("Rss"))
    return {kind: round(int(rows[kind].split()[0]) / 1000, 2) for kind in ("RssAnon", "RssShmem", "RssFile")}


class Samples:
    """Moments in seconds and values in bytes."""

    def __init__(self) -> None:
        self._moments, self._values = array("d"), array("d")

    def add(self, moment: float, value: float) -> None:
        self._moments.append(moment)
        self._values.append(value)

    def __len__(self) -> int:
        return len(self._moments)

    def minutes(self) -> dict[int, float]:
        """Minute -> the least of its samples, in MB: a window's pictures (0.9 to 3.5 MB) are there for a moment and gone, and what stays
        is there at each moment. The median told how samples fell between windows: where a loss moved that, it moved by 1 MB."""
        minutes: dict[int, list[float]] = {}
        for moment, value in zip(self._moments, self._values, strict=True):
            minutes.setdefault(int(moment // 60), []).append(value)
        return {minute: min(found) / 1e6 for minute, found in minutes.items()}

    def slope(self, since: float = 0.0) -> dict[str, float]:
        """MB an hour after ``since`` seconds, by least squares over the least of each minute, and the standard error of that."""
        minutes = {minute: value for minute, value in self.minutes().items() if minute * 60 >= since}
        if len(minutes) < 4:
            return {"slope": 0.0, "error": float("inf")}
        hours, values = np.array(list(minutes)) / 60, np.array(list(minutes.values()))
        (found, _), covariance = np.polyfit(hours, values, 1, cov=True)
        return {"slope": round(float(found), 3), "error": round(float(covariance[0, 0] ** 0.5), 3)}


class _Mallinfo(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    )


def account() -> dict[str, float]:
    """Of this process: glibc's heaps, what of them is used, and what is mapped piece by piece (MB); Python's blocks and threads."""
    found: dict[str, float] = {**resident("self")}
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallinfo2"):
        libc.mallinfo2.restype = _Mallinfo
        told = libc.mallinfo2()
        found |= {
            name: round(value / 1e6, 2)
            for name, value in (("heap", told.arena), ("heap_used", told.uordblks), ("mapped", told.hblkhd))
        }
    return found | {"blocks": sys.getallocatedblocks(), "threads": len(os.listdir("/proc/self/task"))}


def fill_caches(layout: Callable[[str], object], most: int = 1200) -> None:
    """Lay out texts that were never said before until what is kept of words is full: it is bounded, and would be hours of growth."""
    for number in range(most):
        layout(f"{number % 32} frames of {number}x{number * 7} in {number / 8} s: #{number:06x} to {number:x}.")


def caches() -> dict[str, str]:
    """What each cache of functions of ours holds, of how much."""
    kept = (one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper))
    told = {
        f"{one.__module__}.{one.__qualname__}": one.cache_info()
        for one in kept
        if one.__module__.startswith(("pipeline", "models"))
    }
    return {
        name: f"{info.currsize} of {info.maxsize}" for name, info in sorted(told.items()) if info.maxsize and info.currsize > 9
    }


def objects() -> Counter[str]:
    """Python's objects that the collector knows, by type."""
    gc.collect()
    return Counter(type(one).__qualname__ for one in gc.get_objects())
