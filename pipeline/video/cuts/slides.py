"""Where one slide gives way to the next: a picture that stands, of which what is drawn on it is replaced at once.

    before   Title A        after   Title B           a new slide: of the cells that held something most of those that can
             - one                  - two             look different do; the paper between the lines looks the same

    before   Title A        after   Title A           a bullet more: nothing that was there is gone. The pointer, a clock,
             - one                  - one             burned-in captions: little of what was there is gone
                                    - two

A change of text touches a tenth of the picture, so ``rule`` (half of all cells) does not see it. Here it is not the size that
counts but what became of that which was drawn, and that nothing moved (``motion``). All pictures are tiny ones, [27, 48, 3] uint8;
masks are [27, 48]. The bounds were chosen on half of ``scripts/bench cuts --decks`` (docs/decisions/0015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.frames import Image
from pipeline.video.cuts.motion import CAPTIONS, Standing, jumped, widened
from pipeline.video.cuts.rule import CONTRAST, NOISE, SMALL, Delta, Mask, count, delta, fraction, pictures_of, strongest

EDGE = 8
"""levels to a neighbour from which a cell holds something: text, a line, part of a photograph"""
GONE = 0.12
"""share of what was drawn that has to look different. Text for text comes to 0.16 to 0.4, since a line's margins and what all
slides share count too; one bullet more, the pointer and clocks come to 0.04 at most"""
LEAST = 36
"""cells that have to look different: three per cent. Text for text comes to 46 at least, over decks; a pointer or a digit to 30"""
EMPTY = 12
"""cells up to which nothing was drawn: then a slide begins where ``FILLED`` cells are"""
FILLED = 40
PAPER = 0.3
"""share of the cells that hold nothing, before or after: slides have paper; what covers the whole picture is a matter of ``rule``"""
STILL = 0.5
"""share of the picture that has to stand: the rest may be a talking head"""
STANDS = 0.9
"""share of what changed that has to stay as it became; of an object that jumps and moves on it is less"""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """What a new slide changed."""

    changed: Mask
    around: Mask
    """the cells near to these that had stood"""

    @property
    def cells(self) -> int:
        return count(self.changed)

    def lasts(self, first: Image, later: Image) -> bool:
        """Whether it is still as it became, and nothing beside it goes on to change, as it does where an edge drifts."""
        moves_on = count(delta(first, later)[self.around] > NOISE)
        return stands(first, later, self.changed) and moves_on <= (1 - STANDS) * self.cells


def turn(standing: Standing, time: float, before: Image, after: Image, changes: Delta) -> Turn | None:
    """What a new slide changed between two samples, the second of this time; None where there is none, or where something moves on.

    ``changes``: from one to the other. What costs more is asked later: a picture in which something moves is mostly told by counts.
    """
    differ = changes > NOISE
    if count(differ) < LEAST:
        return None
    still = standing.still(time)
    changed = touched(differ, still)
    if changed is None or standing.goes_on(time, count(changed)) or not replaced(before, after, still, changed):
        return None
    return Turn(changed, widened(changed) & ~changed & still)


def drawn(picture: Image) -> Mask:
    """Cells that hold something: they differ from a neighbour. (Paper may be of any colour, or fade from one to another.)"""
    found = np.zeros(picture.shape[:2], np.bool_)
    levels = picture.astype(np.int16)
    down = strongest(np.abs(np.diff(levels, axis=0))) > EDGE
    right = strongest(np.abs(np.diff(levels, axis=1))) > EDGE
    found[1:] |= down
    found[:-1] |= down
    found[:, 1:] |= right
    found[:, :-1] |= right
    return found


def turned(before: Image, after: Image, still: Mask) -> Mask | None:
    """The cells that a new slide changed, or None where there is none. ``still``: cells that did not move before."""
    changed = touched(delta(before, after) > NOISE, still)
    return changed if changed is not None and replaced(before, after, still, changed) else None


def touched(differ: Mask, still: Mask) -> Mask | None:
    """Of the cells that changed those that had stood, captions left out; None where too little stood, or too few of it changed."""
    if fraction(still) < STILL:
        return None
    changed = differ & still
    changed[CAPTIONS:] = False
    return changed if count(changed) >= LEAST else None


def replaced(before: Image, after: Image, still: Mask, changed: Mask) -> bool:
    """Whether what changed took the place of what was drawn there, as on slides, and is not the same at another place."""
    had, has = drawn(before), drawn(after)
    if min(fraction(had), fraction(has)) > 1 - PAPER:
        return False
    there = count((had & still)[:CAPTIONS])
    if there <= EMPTY:
        return count(changed) >= FILLED and not jumped(before, after)
    return count(changed & had) >= GONE * there and not jumped(before, after)


def turn_in(pictures: Sequence[Image], changed: Mask) -> int | None:
    """The first picture of the new slide: where these cells change much more than before and after; None where none stands out."""
    size = max(1, count(changed))
    changes = [int(delta(a, b)[changed].sum()) / size for a, b in pairwise(pictures)]
    if not changes:
        return None
    place = max(range(len(changes)), key=changes.__getitem__)
    usual = max((changes[i] for i in (place - 1, place + 1) if 0 <= i < len(changes)), default=0.0)
    return place + 1 if changes[place] >= max(NOISE, CONTRAST * usual) else None


def stands(one: Image, other: Image, changed: Mask) -> bool:
    """Whether what a slide changed is still as it became."""
    return fraction(delta(one, other)[changed] <= NOISE) >= STANDS


def turn_at_border(before: bytes, after: bytes, stood: tuple[bool, bool]) -> bool:
    """Whether a new slide begins where one segment of a film meets the next, by the last two and the first two pictures there.

    ``stood``: whether the last picture before the border and the first one after it stood long enough to be slides by themselves.
    """
    one, other = pictures_of(before), pictures_of(after)
    if not len(one) or not len(other):
        return False
    still = np.ones((SMALL[1], SMALL[0]), np.bool_)
    across = delta(one[-1], other[0])
    moves = 0
    for side, alone in zip((one, other), stood, strict=True):
        for first, second in () if alone else pairwise(side):
            beside = delta(first, second)
            still &= across >= CONTRAST * beside
            moves = max(moves, int((beside > NOISE).sum()))
    if int((across > NOISE).sum()) < CONTRAST * moves:
        return False  # an object that jumps, and moves on
    return turned(one[-1], other[0], still) is not None
