"""Named stretches of time on the timeline of Nsight Systems (NVTX ranges): reading, preparing, the engine, writing.

On a machine without CUDA they are nothing. Without a profiler that listens a range costs under a microsecond. Ranges of this kind
may overlap, and end on another thread than they began, as those of many windows in flight do.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

_start: Callable[[str], Any] | None = None
_end: Callable[[Any], None] | None = None


def enable() -> bool:
    """Mark from now on, where torch has NVTX; whether it has."""
    import torch

    if not torch.cuda.is_available():
        return False
    use(torch.cuda.nvtx.range_start, torch.cuda.nvtx.range_end)
    return True


def use(start: Callable[[str], Any] | None, end: Callable[[Any], None] | None) -> None:
    """Let these mark a stretch's start, which gives a handle, and its end, which takes it; None: nothing is marked."""
    global _start, _end
    _start, _end = start, end


@contextlib.contextmanager
def marked(name: str) -> Iterator[None]:
    """Around what is to be seen under this name."""
    start, end = _start, _end
    if start is None or end is None:
        yield
        return
    handle = start(name)
    try:
        yield
    finally:
        end(handle)
