"""Accidents thrown at a step of the product: a bug, and a disk that is full where nobody thought of it."""

import errno
import os
from typing import Any

ACCIDENTS = (ZeroDivisionError("an accident"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
_CODES = {errno.ENOSPC: "no_space", errno.ENAMETOOLONG: "unwritable"}


def code_of(accident: Exception) -> str:
    """The reason code under which an accident is told."""
    if isinstance(accident, MemoryError):
        return "system_limit"
    return _CODES[accident.errno or 0] if isinstance(accident, OSError) else "internal_error"


def event_of(accident: Exception) -> str:
    """What the line of the log is called that has its traceback."""
    return "internal error" if code_of(accident) == "internal_error" else "refused by the system"


def breaks(real: Any, accidents: list[Exception]) -> Any:
    """``real``, whose first uses are these accidents, the last of them first; the list is empty when all have struck."""

    def strike(*values: Any, **more: Any) -> Any:
        if accidents:
            raise accidents.pop()
        return real(*values, **more)

    return strike
