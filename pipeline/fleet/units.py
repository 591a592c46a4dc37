"""What is handed out to hosts: a film, or a stretch of a long one.

    film     w w w w w w w w w w w w w w w w w w w w       windows of fixed length, known before a frame is decoded
    units    |-----------|-----------|---------------->   a window belongs to the unit in whose seconds it begins

So windows, and what they show, are those of one process, whoever reads which unit; only windows of the unit are decoded. Where
windows lie between cuts, each depends on all that was seen before it: such a film is one unit, as one with ``--skip-static`` is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from pipeline import families
from pipeline.captioning.captioning import Span
from pipeline.captioning.recipe import Recipe
from pipeline.types import Caption, VideoInfo

STRETCH = 300.0
"""seconds: some seconds of a GPU's work, so that the last unit is not waited for"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One piece of work for one host: read the windows of a stretch of a film, and have each captioned."""

    info: VideoInfo
    """the film as it was probed"""
    recipe: Recipe
    known: tuple[Caption, ...] = ()
    """captions that are there: their windows are neither decoded nor asked"""
    pictures: bool = False
    """whether a picture of each window is wanted back"""
    stretch: Span | None = None
    """the windows that begin in these seconds; None: all"""

    @property
    def start(self) -> float:
        """Seconds into the film where it begins, as planned."""
        return self.stretch[0] if self.stretch is not None else 0.0

    @property
    def seconds(self) -> float:
        """How much film it is: what units are weighed by."""
        end = min(self.stretch[1], self.info.duration) if self.stretch is not None else self.info.duration
        return max(end - self.start, 1.0)


def units_of(info: VideoInfo, recipe: Recipe, known: Mapping[Span, Caption], *, pictures: bool = False) -> list[Unit]:
    """A film's units in order of time; each window of the film belongs to one of them."""
    found = []
    for stretch in stretches(info.duration, recipe):
        mine = known.values() if stretch is None else [one for one in known.values() if stretch[0] <= one.start < stretch[1]]
        found.append(Unit(info=info, recipe=recipe, known=tuple(mine), pictures=pictures, stretch=stretch))
    return found


def stretches(duration: float, recipe: Recipe) -> list[Span] | list[None]:
    """Equal stretches of about STRETCH seconds; the last has no end, since a film may be longer than it says."""
    count = round(duration / STRETCH) if math.isfinite(duration) else 1
    if count < 2 or recipe.skip_static or recipe.part is not None or families.parse("windows", recipe.windows).needs_cuts:
        return [None]
    borders = [round(number * duration / count, 3) for number in range(1, count)]
    return list(pairwise([0.0, *borders, math.inf]))
