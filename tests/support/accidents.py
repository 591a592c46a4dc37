"""Accidents thrown at a step of the product: a bug, and a disk that is full where nobody thought of it."""

import errno
import os
from typing import Any

ACCIDENTS = (ZeroDivisionError("an accident"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def breaks(real: Any, accidents: list[Exception]) -> Any:
    """``real``, whose first uses are these accidents, the last of them first; the list is empty when all have struck."""

    def strike(*values: Any, **more: Any) -> Any:
        if accidents:
            raise accidents.pop()
        return real(*values, **more)

    return strike
