"""Python's garbage collector beside a command: it looks at what the command makes, never at the program itself.

    load modules    off              some 100,000 objects are made, and all of them stay
    the command     on               it begins with nothing to look at: what was loaded is frozen
    the end         nothing to do    the interpreter would look at everything twice more before it gives the memory back

A film of a few seconds spent a tenth of its processor time there; where an engine was loaded the end alone took 3 s. Triton's bindings
count what is left at the end, and print it as leaks: by then all is said, and nobody hears them.
"""

import atexit
import contextlib
import gc
import os
import sys


def rest() -> None:
    """While the program is loaded. What is left at the end goes with the process."""
    gc.disable()
    atexit.register(_end)


def begin() -> None:
    """What is there now stays for good; from here on the collector works. Does nothing where it works already."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _end() -> None:
    gc.freeze()
    if "torch" in sys.modules:
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
            sys.stderr.flush()
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
