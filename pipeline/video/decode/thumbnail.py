"""Tiny pictures for the search for cuts, straight from a decoded frame's planes: a third of what scaling would take.

plane   ................        every cell of the tiny picture is the mean of a few whole rows of its part of the plane
        xxxxxxxxxxxxxxxx  row   (of all its columns): enough to quiet the grain, and a tenth of the bytes
        ................
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image

ROWS = 4
"""rows of a cell that are looked at; half as many of colour"""

_TO_RGB = np.array([[1.164, 0.0, 1.596], [1.164, -0.392, -0.813], [1.164, 2.017, 0.0]], np.float32)
"""ITU-R BT.601, studio range; what is compared has gone through the same matrix, so a film in another one does no harm"""


def shrink(planes: Sequence[NDArray[np.uint8]], size: tuple[int, int]) -> Image:
    """RGB of (width, height) from one plane of brightness and two of colour, brightness at least eight times as wide and high."""
    means = [_cells(plane, size, ROWS if number == 0 else ROWS // 2) for number, plane in enumerate(planes)]
    picture = np.stack(means, axis=2) - np.array([16.0, 128.0, 128.0], np.float32)
    return (picture @ _TO_RGB.T).clip(0, 255).astype(np.uint8)


def _cells(plane: NDArray[np.uint8], size: tuple[int, int], rows: int) -> NDArray[np.float32]:
    """[height, width] means of the parts of a plane."""
    width, height = size
    looked_at = ((np.arange(height * rows) + 0.5) * plane.shape[0] / (height * rows)).astype(np.intp)
    pairs = np.ascontiguousarray(plane[looked_at, : plane.shape[1] & ~1]).view(np.uint16)
    halves = ((pairs & 0xFF) + (pairs >> 8)).reshape(height, rows, -1).sum(axis=1, dtype=np.uint16)
    edges = np.arange(width) * halves.shape[1] // width
    sums = np.add.reduceat(halves, edges, axis=1, dtype=np.uint32)
    counts = 2 * rows * np.diff(edges, append=halves.shape[1])
    means: NDArray[np.float32] = (sums / counts).astype(np.float32)
    return means
