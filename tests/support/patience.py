"""How long a test waits for what has to come: a wait that ends early costs nothing, and a busy machine takes its time."""

import time
from collections.abc import Callable

PATIENCE = 600.0
"""seconds; only what never comes takes them. A test whose point is that something comes soon has a bound of its own"""
START = 1800.0
"""for whatever loads an engine: 40 s on two cores that nobody else wants, 500 where twenty want them"""


def comes(look: Callable[[], object]) -> bool:
    """Whether it is true in the end; looks twenty times a second."""
    until = time.monotonic() + PATIENCE
    while not look() and time.monotonic() < until:
        time.sleep(0.05)
    return bool(look())
