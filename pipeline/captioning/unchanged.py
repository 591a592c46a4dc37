"""Does a window look like the one before it? Pure, for ``--skip-static``."""

import numpy as np

from pipeline.types import Window

GRID = 16
"""a picture is compared in GRID x GRID fields, so that something small that moves is not averaged away"""

THRESHOLD = 6.0
"""of 255: two windows are the same where no field of any pair of frames differs by more on average. H.264 at crf 23 makes
still film differ by 0.5 to 3 between copies of a picture; a figure a twelfth of the picture high that moves makes 20 and more"""


def difference(a: Window, b: Window) -> float:
    """Largest mean absolute difference, 0 to 255, over the fields of all pairs of frames; infinite where they don't pair up."""
    if not len(a.frames) or a.frames.data.shape != b.frames.data.shape:
        return float("inf")
    return max(_fields_apart(x, y) for x, y in zip(a.frames.data, b.frames.data, strict=True))


def looks_like(window: Window, before: Window) -> bool:
    """Whether ``window`` may be given the caption of ``before``."""
    return difference(window, before) <= THRESHOLD


def _fields_apart(x: np.ndarray, y: np.ndarray) -> float:
    apart = np.abs(x.astype(np.int16) - y.astype(np.int16)).max(axis=2)
    rows = np.linspace(0, apart.shape[0], min(GRID, apart.shape[0]), endpoint=False).astype(int)
    columns = np.linspace(0, apart.shape[1], min(GRID, apart.shape[1]), endpoint=False).astype(int)
    sums = np.add.reduceat(np.add.reduceat(apart, rows, axis=0, dtype=np.int64), columns, axis=1)
    heights = np.diff(np.append(rows, apart.shape[0]))[:, None]
    widths = np.diff(np.append(columns, apart.shape[1]))[None, :]
    return float((sums / (heights * widths)).max())
