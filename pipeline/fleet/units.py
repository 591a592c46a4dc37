"""What is handed out to hosts: a film, or a stretch of a long one."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.captioning.captioning import Span
from pipeline.captioning.recipe import Recipe
from pipeline.types import Caption, VideoInfo


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

    @property
    def seconds(self) -> float:
        """How much film it is: what units are weighed by."""
        return max(self.info.duration, 1.0)


def units_of(info: VideoInfo, recipe: Recipe, known: Mapping[Span, Caption], *, pictures: bool = False) -> list[Unit]:
    """A film's units in order of time; each window of the film belongs to one of them."""
    return [Unit(info=info, recipe=recipe, known=tuple(known.values()), pictures=pictures)]
