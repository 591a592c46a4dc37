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


def end_at_most(seconds: float, code: int) -> None:
    """End with this exit code by then, whatever hangs: a thread that reads a share which is gone, or the event loop itself.

    Python waits for its threads. What is on disk is complete at every moment.
    """
    last = threading.Timer(seconds, os._exit, [code])
    last.daemon = True
    last.start()
    signal.setitimer(signal.ITIMER_REAL, seconds + 0.7)  # the kernel's own, for where no thread gets its turn


def end_within(seconds: float, code: int) -> None:
    """End with this exit code by then, with the threads that are left or without them.

    One may list a storage that gives its names one a second, or wait for a server; Python ends when the last of them does. What is
    half written has a temporary name, what was answered stands in a journal.
    """

    def end() -> None:
        time.sleep(seconds)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)

    threading.Thread(target=end, name="end", daemon=True).start()
