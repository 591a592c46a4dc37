"""Standard input, output and error that were closed when the program began (``<&-``, a careless service manager): they lead nowhere.

Otherwise the next file that is opened gets their numbers, and what is printed is written into it; and Python has None in their place.
"""

import os
import sys


def complete() -> None:
    """Open what is missing of the three. Before anything else is opened."""
    for number, name, flags, mode in (
        (0, "stdin", os.O_RDONLY, "r"),
        (1, "stdout", os.O_WRONLY, "w"),
        (2, "stderr", os.O_WRONLY, "w"),
    ):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            # as Python's own standard error: a name that is no UTF-8 is no reason to fail
            nowhere = open(os.devnull, mode, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - as long as the program lives
            setattr(sys, name, nowhere)
