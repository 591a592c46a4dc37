"""Pieces of pictures leave no holes behind in a process of days, and what small ones leave is given back."""

import ctypes
import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE, comes

from pipeline import heap

ROOT = Path(__file__).parents[2]
PIECES = """
import ctypes, json, os, sys
from pipeline import heap

def own():
    statm = open("/proc/self/statm").read().split()
    return (int(statm[1]) - int(statm[2])) * os.sysconf("SC_PAGESIZE")

if sys.argv[1] == "held":
    heap.hold_what_is_used()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)

def pieces(size, count):
    # each with something small behind it that stays, as what is said of a picture stays
    large, small = [], []
    for _ in range(count):
        large.append(libc.malloc(size))
        ctypes.memset(ctypes.c_void_p(large[-1]), 1, size)
        small.append(libc.malloc(600))
    for one in large:
        libc.free(one)
    return small

libc.free(libc.malloc(3 << 20))  # a window's pictures, which teach glibc that such pieces belong in a heap
start = own()
kept = pieces(400_000, 100)
large = own() - start
kept += pieces(60_000, 500)
small = own() - start
heap.give_back()
print(json.dumps({"large": large, "small": small, "given_back": own() - start}))
"""


def grown(how: str) -> dict[str, Any]:
    """Bytes by which a process's own memory is larger after it took and gave back 40 MB in large pieces, then 30 MB in small ones."""
    run = subprocess.run(
        [sys.executable, "-c", PIECES, how], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc's allocator is what is told")
def test_a_process_of_days_holds_what_it_uses() -> None:
    held, left_alone = grown("held"), grown("left alone")
    assert held["large"] < 2_000_000 < 30_000_000 < left_alone["large"]
    assert held["given_back"] < 5_000_000 < 25_000_000 < held["small"]


class Ring:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_cycles_that_nobody_uses_go_within_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python alone looks at old objects when a quarter of all is new, which a process of days reaches after hours."""
    now = 1000.0
    monkeypatch.setattr(heap, "time", SimpleNamespace(monotonic=lambda: now))
    upkeep, ring, before = heap.Upkeep(), Ring(), Ring()
    there, other = weakref.ref(ring), weakref.ref(before)
    gc.disable()
    try:
        # where another thread's collection is not over yet one more does nothing, and after this none begins
        del before
        assert comes(lambda: gc.collect() >= 0 and other() is None)
        del ring
        now += heap.TRIMMED + 1
        await upkeep.look()
        assert there() is not None, "holes are given back, no more"
        now += heap.COLLECTED
        await upkeep.look()
        assert there() is None
    finally:
        gc.enable()
