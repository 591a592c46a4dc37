"""What is not to be tried before a moment, by a clock that somebody may set: the rule of every table with a ``not_before``."""

import time

LONGEST = 3600.0
"""seconds, no less than anything is ever put off; what is to wait longer has a clock that was set back to thank for it, and waits no more"""
DUE = "not_before NOT BETWEEN ? AND ?"
"""what is due, by the two moments of ``span``"""


def span() -> tuple[float, float]:
    """The moments between which what has its ``not_before`` still waits."""
    now = time.time()
    return now, now + LONGEST
