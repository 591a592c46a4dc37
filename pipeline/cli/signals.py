"""SIGINT and SIGTERM: the first ends the work in order, a second one ends the process."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

NUMBERS = (signal.SIGINT, signal.SIGTERM)
LAST = 3.0
"""seconds that threads have which a stop has left nothing to do for"""
WHOLE = 60.0
"""seconds that a stop may take in all; an engine whose chat template has no end never ends its answer"""


def on_first(loop: asyncio.AbstractEventLoop, act: Callable[[int], None]) -> None:
    """Call ``act`` with the number of the first signal. From then on the kernel's own way holds: whatever hangs, a second one ends us.

    Children end with us: decoders when their socket hangs up, ffmpeg by PDEATHSIG. What is half written has a temporary name.
    """

    def first(number: int) -> None:
        for one in NUMBERS:
            loop.remove_signal_handler(one)
        let_the_next_end()
        act(number)

    for number in NUMBERS:
        loop.add_signal_handler(number, first, number)


def let_the_next_end() -> None:
    """The next SIGINT or SIGTERM ends the process at once."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_DFL)


def end_within(seconds: float, code: int, *, kernel: float | None = None) -> None:
    """End with this exit code by then, with the threads that are left or without them. ``kernel``: seconds after that in which the kernel
    ends us (SIGALRM) where none of our threads gets its turn; None: it is waited for.

    A thread may list a storage that gives its names one a second, read a share that is gone or wait for a server, and Python ends when the
    last of them does. What is half written has a temporary name, what was answered stands in a journal.
    """

    def end() -> None:
        time.sleep(seconds)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)

    try:
        threading.Thread(target=end, name="end", daemon=True).start()
    except RuntimeError:  # the system gives no further thread: the kernel ends us then, and the stop goes its way until that
        kernel = kernel or 0.0
    if kernel is not None:
        signal.setitimer(signal.ITIMER_REAL, seconds + kernel)
