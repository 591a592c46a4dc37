"""How long a test waits for what has to come: a wait that ends early costs nothing, and a busy machine takes its time."""

import time
from collections.abc import Callable

PATIENCE = 600.0
"""seconds; only what never comes takes them. A test whose point is that something comes soon has a bound of its own"""
START = 1800.0
"""for whatever loads an engine: 40 s on two cores that nobody else wants, 500 where twenty want them"""


def comes(look: Callable[[], object]) -> bool:
    """Whether it is true at some moment; looks twenty times a second. Who saw it does not look again: it may be over by then."""
    until = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() >= until:
            return False
        time.sleep(0.05)
    return True
