"""What is handed out to hosts: a film, or a stretch of a long one.

    film     w w w w w w w w w w w w w w w w w w w w       windows of fixed length, known before a frame is decoded
    units    |-----------|-----------|---------------->   a window belongs to the unit in whose seconds it begins

So windows, and what they show, are those of one process, whoever reads which unit; only windows of the unit are decoded. Where
windows lie between cuts, a unit goes on until the first cut at which the next one can begin (``pipeline.video.handover``). With
``--skip-static`` each window depends on the one before it: such a film is one unit.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline import families
from pipeline.captioning.recipe import Recipe
from pipeline.stretch import Stretch
from pipeline.types import Caption, Span, VideoInfo
from pipeline.windows.base import Divisible

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
    stretch: Stretch | None = None
    """the windows that belong to it; None: all"""

    @property
    def start(self) -> float:
        """Seconds into the film where it begins, as planned."""
        return self.stretch.start if self.stretch is not None else 0.0

    @property
    def seconds(self) -> float:
        """How much film it is: what units are weighed by."""
        end = min(self.stretch.end, self.info.duration) if self.stretch is not None else self.info.duration
        return max(end - self.start, 1.0)


def units_of(info: VideoInfo, recipe: Recipe, known: Mapping[Span, Caption], *, pictures: bool = False) -> list[Unit]:
    """A film's units in order of time; each window of the film belongs to one of them."""
    found = []
    for stretch in stretches(info.duration, recipe):
        # not only those that begin in it: between cuts a unit goes on into the next
        mine = [one for one in known.values() if stretch is None or one.start >= stretch.start]
        found.append(Unit(info=info, recipe=recipe, known=tuple(mine), pictures=pictures, stretch=stretch))
    return found


def stretches(duration: float, recipe: Recipe) -> list[Stretch] | list[None]:
    """Equal stretches of about STRETCH seconds."""
    count = round(duration / STRETCH) if math.isfinite(duration) else 1
    rule = families.parse("windows", recipe.windows)
    divisible = not rule.needs_cuts or isinstance(rule.splitter(0.0), Divisible)
    if count < 2 or recipe.skip_static or recipe.part is not None or not divisible:
        return [None]
    borders = tuple(round(number * duration / count, 3) for number in range(1, count))
    return [Stretch(number, borders) for number in range(count)]
