"""Whole numbers as others write them, in headers and in names of files."""

DIGITS = 18
"""at most: a number of these is one for C too, and Python reads no more than 4,300"""


def whole(text: str) -> int | None:
    """``"0012"`` -> 12; None where it is anything but plain digits: ``str.isdigit`` is true of ``²`` too, which ``int`` refuses."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
