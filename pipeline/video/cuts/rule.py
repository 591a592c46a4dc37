"""Where one shot ends and the next begins, seen in tiny pictures.

A hard cut changes most of the picture at once, much more than what moves beside it. So between two neighbours

    share    of the cells that changed by more than the noise    >= 0.55     (objects that move leave the rest in place)
    mean     change of a cell                                    >= 3        (of 255)
    contrast of that change to the ones right before and after   >= 2.5      (a pan or a fade changes all pairs alike)
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image

SMALL = (48, 27)
"""width and height of the pictures that are compared"""
NOISE = 4.0
SHARE = 0.55
MEAN = 3.0
CONTRAST = 2.5
DOUBT = 1.4
"""contrast from which it is worth to look at every frame, where the pictures compared are some frames apart"""
CLEAR = 2.0
"""contrast of a cell to its own motion before that a shot's motion does not reach in enough cells"""
SURPRISE = 1 / 3
"""share of the cells that are enough: at a cut it is 0.34 or more at DOUBT; motion reaches 0.33 at CLEAR (docs/decisions/0013)"""
ROOM = 1.25
"""times what moves that a cut has to change for one to be told from the other"""
BACK = 1 / 3
"""of the change that a flash makes, at most, is what a picture differs by after it from one before it"""
Seen = tuple[int, Image]
"""rank and tiny picture of a frame"""
Mask = NDArray[np.bool_]
"""[27, 48] some of the cells"""
Delta = NDArray[np.int16]
"""[27, 48] how much each cell changed"""
NOTHING: Delta = np.zeros((SMALL[1], SMALL[0]), np.int16)
"""nothing changed, or nothing came before"""


def change(one: Image, other: Image) -> tuple[float, float]:
    """(mean change of a cell, share of the cells that changed): a cell changes by its most changed channel."""
    return extent(delta(one, other))


def extent(changes: Delta) -> tuple[float, float]:
    """The same of changes that are known."""
    return int(changes.sum()) / changes.size, fraction(changes > NOISE)


def count(mask: Mask) -> int:
    """Cells that a mask has."""
    return int(np.count_nonzero(mask))


def fraction(mask: Mask) -> float:
    """Share of the cells that a mask has. (``mean`` says the same and takes four times as long.)"""
    return count(mask) / mask.size


def pace(one: Seen, other: Seen) -> float:
    """Mean change of a cell from one frame to the next, between two that may be some frames apart."""
    return change(one[1], other[1])[0] / (other[0] - one[0])


def delta(one: Image, other: Image) -> Delta:
    """[27, 48] change of each cell, by its most changed channel."""
    return strongest(np.abs(one.astype(np.int16) - other.astype(np.int16)))


def strongest(changes: NDArray[np.int16]) -> Delta:
    """The largest of the three channels of each cell. (``max(axis=2)`` says the same and takes six times as long.)"""
    found: Delta = np.maximum(np.maximum(changes[..., 0], changes[..., 1]), changes[..., 2])
    return found


def blurred(past: Sequence[Seen], now: Seen, longer: float) -> bool:
    """Whether so much moves that a cut would hardly change more cells, or change them more.

    ``longer``: times the distance of the last two pictures of ``past`` over which it has to be told. What a cut changes is
    estimated by what turning the picture upside down does.
    """
    return change(now[1], now[1][::-1, ::-1])[0] < ROOM * longer * change(past[-2][1], past[-1][1])[0]


def suspicious(mean: float, share: float) -> bool:
    """Whether there may be a cut between two frames that differ so, a fraction of a second apart: then look between them."""
    return mean >= MEAN and share >= SHARE


def surprise(past: Sequence[Seen], now: Seen, contrast: float) -> float:
    """Share of the cells that changed, since the last picture before, by more than noise and ``contrast`` times their own motion.

    A cell's own motion is its largest change from one picture to the next in ``past`` (two or more of one shot), stretched where more
    frames went by since. Objects that move leave most cells still, so they hide no cut in the rest.
    """
    moved = np.zeros((SMALL[1], SMALL[0]))
    since = now[0] - past[-1][0]
    for (rank, one), (next_rank, other) in pairwise(past):
        moved = np.maximum(moved, delta(one, other) * max(1.0, since / (next_rank - rank)))
    changed = delta(past[-1][1], now[1])
    return fraction((changed > NOISE) & (changed > contrast * moved))


def between_flashes(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Runs of pictures in which nothing flashes up: where one looks as before a change again, what is between is left out."""
    runs, rest = [list(seen[:1])], list(seen[1:])
    while rest:
        last = runs[-1][-1][1]
        mean, share = change(last, rest[0][1])
        back = 0
        if suspicious(mean, share):
            back = next((at for at, (_, other) in enumerate(rest) if change(last, other)[0] <= mean * BACK), 0)
        if back:
            runs.append([])
        runs[-1].append(rest[back])
        rest = rest[back + 1 :]
    return runs


def cut_in(pictures: Sequence[Image], contrast: float = CONTRAST) -> int | None:
    """The first picture of a new shot: its place in the sequence, or None."""
    changes = [change(a, b) for a, b in pairwise(pictures)]
    if not changes:
        return None
    place = max(range(len(changes)), key=lambda i: changes[i][0])
    mean, share = changes[place]
    usual = max((changes[i][0] for i in (place - 1, place + 1) if 0 <= i < len(changes)), default=0.0)
    return place + 1 if mean >= MEAN and share >= SHARE and mean >= contrast * usual else None


def cut_at_border(before: bytes, after: bytes) -> bool:
    """Whether a shot ends where one segment of a film meets the next, by the last two and the first two pictures there."""
    sides = [pictures_of(side) for side in (before, after)]
    return len(sides[0]) > 0 and len(sides[1]) > 0 and cut_in([*sides[0], *sides[1]]) == len(sides[0])


def pictures_of(edge: bytes) -> Image:
    """[n, 27, 48, 3] the tiny pictures at one end of a segment."""
    return np.frombuffer(edge, np.uint8).reshape(-1, SMALL[1], SMALL[0], 3)
