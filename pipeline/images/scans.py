"""A JPEG that is decoded pass by pass for minutes: its passes are counted before one of them is. Pure.

A progressive JPEG comes in some ten scans, each of which goes over the whole picture, and a scan may have 75 bytes: 2 MB are 20,000
of a picture of 50 million pixels, and a quarter of an hour.
"""

USUAL = 64
"""scans that any picture may have"""
MOST = 2_000_000_000
"""pixels that all scans together may go over, where they are more"""
_SCAN = b"\xff\xda"
"""never part of a scan's own bytes: there each FF is followed by a 00"""


def too_many(data: bytes, pixels: int) -> int:
    """How many scans a JPEG of so many pixels has, where those are too many; else 0."""
    scans = data.count(_SCAN)
    return scans if scans > USUAL and scans * pixels > MOST else 0
