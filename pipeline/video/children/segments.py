"""How a film is divided into stretches that several children read at once, or one child one after the other.

    keyframes   K            K            K            K            K
    samples       x    x    x   x    x   x    x   x    x   x    x
    stretches   [------------------------)[-----------------------------

A stretch begins at a keyframe, so that none decodes what another one does. The division depends on the film and the
samples alone, so cuts are found the same with one child and with many.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.video.table import Table

LEAST = 32
"""samples in a stretch"""
MOST = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Frames to read in one go."""

    targets: NDArray[np.int64]
    silent: tuple[int, ...] = ()
    """ranks among them that are looked at for cuts only: the frames at both sides of a border"""
    exact: tuple[int, ...] = ()
    """ranks among them that no other frame may stand for: the two frames at each side of a border"""
    peeks: tuple[int, ...] = ()
    """silent ones that are no samples: neighbours to compare with"""
    lead: int = -1
    """rank of the keyframe that it begins with, where another stretch ends"""


def divide(table: Table, targets: NDArray[np.int64], *, most: int, cuts: bool) -> list[Stretch]:
    """Stretches of about ``most`` samples."""
    size = max(LEAST, min(MOST, most))
    keys = table.keyframes()
    found: list[Stretch] = []
    begin, lead = 0, -1
    while begin < len(targets):
        stop, border = _border(targets, keys, begin + size)
        ranks, silent, exact, peeks = targets[begin:stop], list[int](), list[int](), list[int]()
        if cuts:
            edges = ([lead, lead + 1] if lead >= 0 else []) + ([border - 2, border - 1] if border >= 0 else [])
            exact = [edge for edge in edges if 0 <= edge < len(table.times)]
            silent = [edge for edge in exact if edge not in ranks]
            peeks = [edge for edge in silent if edge in (lead + 1, border - 2)]
            ranks = np.unique(np.concatenate([ranks, np.array(silent, np.int64)]))
        found.append(Stretch(targets=ranks, silent=tuple(silent), exact=tuple(exact), peeks=tuple(peeks), lead=lead))
        begin, lead = stop, border
    return found


def _border(targets: NDArray[np.int64], keys: NDArray[np.int64], wish: int) -> tuple[int, int]:
    """(the first sample of the next stretch, the keyframe that it begins with), or (all samples, -1)."""
    if wish < len(targets):
        at = int(np.searchsorted(keys, targets[wish - 1], side="right"))
        if at < len(keys):
            stop = int(np.searchsorted(targets, keys[at], side="left"))
            if stop < len(targets):
                return stop, int(keys[at])
    return len(targets), -1
