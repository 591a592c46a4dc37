"""A clock that nobody can set."""

import time


def steady() -> float:
    """Seconds since some moment; they go on while the machine sleeps, where the system counts them so."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
