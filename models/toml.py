"""TOML that others may have written: bounded, and with whole numbers that TOML has.

A whole number of TOML has 64 bits. Python's reader takes ones of any length: too long for a float, and, from hexadecimal ones, too
long to be shown in an error's words.
"""

import tomllib
from pathlib import Path
from typing import Any

from models.bounded import MEGABYTE, read_text

BITS = 64


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a regular file of 1 MB at most. Raises OSError, ValueError."""
    try:
        tables = tomllib.loads(read_text(path, MEGABYTE))
        _look_at(tables)
    except RecursionError:
        raise ValueError("brackets inside each other too deep") from None
    return tables


def _look_at(value: Any) -> None:
    if isinstance(value, int) and not -(1 << BITS - 1) <= value < 1 << BITS - 1:
        raise ValueError(f"a whole number of {value.bit_length()} bits, more than TOML's {BITS}")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _look_at(part)
