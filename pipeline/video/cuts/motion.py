"""What moves in a picture that else stands: no slide (``slides``), though it changes what is drawn.

    an edge that drifts     the cells before it changed a moment ago, those behind it change next: what is NEAR to motion does not stand
    what jumps, and jumps   so much changed at once less than FRESH seconds ago as well: it goes on, no slide began
    what jumped once        what went at one place came at another: the change is its own opposite, SHIFTED

All pictures are tiny ones, [27, 48, 3] uint8; masks are [27, 48].
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image
from pipeline.video.cuts.rule import CONTRAST, NOISE, SMALL, Delta, Mask, count, delta

CAPTIONS = 21
"""first of the rows, of 27, in which nothing counts: captions change there, and names of speakers"""
STOOD = 0.4
"""seconds that a picture has stood before it can give way to the next"""
LIVELY = 1.5
"""seconds after which a cell that moved stands again"""
NEAR = 3
"""cells to each side of one that moves in which nothing stands"""
FRESH = 1.5
"""seconds in which one change of what stood follows another where something goes on moving"""
FEW = 8
"""cells that change without a sign of motion: noise, a blinking cursor"""
SHIFTED = 0.75
"""share of a change's energy that one shift explains where a thing jumped. Text for text comes to 0.69 in 99 of 100 slides of
the decks, 0.83 at most; a disc that jumps on plain ground to 0.82 and more in 95 of 100"""


class Standing:
    """Which cells of a shot have not moved of late. ``lively``: seconds after which a cell that moved stands again."""

    def __init__(self, lively: float) -> None:
        self._lively = lively
        self._moved: NDArray[np.float64]
        self._fresh: tuple[float, int] = -np.inf, 0
        """when cells last changed that had stood, and how many at most while it went on so"""
        self._stands: tuple[float, Mask] | None = None
        """what ``still`` said last, while it holds"""
        self.restart(float("inf"))

    def restart(self, time: float, cells: int = 0) -> None:
        """A shot begins at this time; or a slide, which changed so many cells."""
        self._since = time
        if cells:
            self._fresh = time, cells
        self._moved = np.full((SMALL[1], SMALL[0]), -np.inf)
        self._stands = None

    def still(self, time: float) -> Mask:
        """The cells that stand, as a frame comes at this time; none where the shot has hardly begun."""
        if self._stands is None or self._stands[0] != time:
            begun = time - self._since < STOOD
            self._stands = time, np.zeros(self._moved.shape, np.bool_) if begun else ~widened(time - self._moved <= self._lively)
        return self._stands[1]

    def goes_on(self, time: float, cells: int) -> bool:
        """Whether so many cells are no more than what has just changed: something moves, and moves on."""
        when, cells_then = self._fresh
        return time - when < FRESH and cells < CONTRAST * cells_then

    def see(self, time: float, changes: Delta) -> None:
        """What changed from one picture of the shot to the next, which is of this time."""
        moved = changes > NOISE
        if count(moved) > FEW:
            fresh = count((moved & self.still(time))[:CAPTIONS])
            if fresh > FEW:
                when, before = self._fresh
                self._fresh = time, max(fresh, before if time - when < FRESH else 0)
        self._moved[moved] = time
        self._stands = None


def widened(mask: Mask) -> Mask:
    """The cells of a mask and all that are NEAR to one, in rows and columns."""
    if not mask.any():
        return mask
    found = mask
    for axis in (0, 1):
        reach = 0
        while reach < NEAR:
            step = min(reach + 1, NEAR - reach)
            wide = found.copy()
            ahead, behind = [slice(None)] * 2, [slice(None)] * 2
            ahead[axis], behind[axis] = slice(step, None), slice(None, -step)
            wide[tuple(ahead)] |= found[tuple(behind)]
            wide[tuple(behind)] |= found[tuple(ahead)]
            found, reach = wide, reach + step
    return found


def jumped(one: Image, other: Image) -> bool:
    """Whether what is new in a picture is what was elsewhere in the one before it.

    A thing T before plain ground changes the picture by -T where it was and by +T where it is, so the autocorrelation of the change
    has a trough at the shift between the two, of half of all its energy. Text that gives way to text has no such shift.
    """
    moved = delta(one, other) > NOISE
    rows, columns = (np.flatnonzero(moved.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return False
    part = (
        slice(rows[0], rows[-1] + 1),
        slice(columns[0], columns[-1] + 1),
    )  # all that changed: the rest adds nothing, and takes time
    change = np.where(moved[part][..., None], other[part].astype(np.float64) - one[part], 0.0)
    energy = float((change * change).sum())
    size = 2 * change.shape[0], 2 * change.shape[1]
    spectrum = np.fft.rfft2(np.ascontiguousarray(change.transpose(2, 0, 1)), size)  # a channel at a time, as memory likes it
    alike = np.fft.irfft2((spectrum.real**2 + spectrum.imag**2).sum(axis=0), size)
    return bool(-alike.min() >= SHIFTED * energy / 2)
