"""Where chapters begin: at cuts of the film across which the captions change most. Pure; no model is asked.

captions   a a a b a a | c c d c c | e e e
likeness   ~~~~~~~~~~~\\_/~~~~~~~~~~\\_/~~~~      of the captions before a cut to those after it
chapters   [---------- )[--------- )[----- )      at the deepest valleys

The method is TextTiling (Hearst 1997) over captions in place of sentences: the depth of a valley counts, not the likeness itself, so
that a film of one place is divided as well as one of many. How many chapters there are grows with the root of the film's length.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.passes.words import Bags, likeness, together
from pipeline.types import Caption

SHORTEST = 10.0
"""seconds; YouTube's rule for its own chapters"""
SIDE = 10
"""captions on each side of a cut that are compared, at most"""
SHALLOW = 0.02
"""what a valley's depth, 0 to 2, has to be over to be one"""
NEAR = 0.05
"""seconds by which a caption may begin before the cut that it begins at: times are rounded to milliseconds in between"""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of film [start, end), and its captions: positions ``first`` to ``last``, without ``last``."""

    start: float
    end: float
    first: int
    last: int


def parts(captions: Sequence[Caption], shots: Sequence[float], duration: float) -> tuple[Part, ...]:
    """The film's chapters: the first begins at 0, the last ends with the film, and each begins at a shot, in between without a gap.

    Where the film has no cut they begin with a caption. ``duration`` is the film's; captions may go on after it. A caption belongs
    to the chapter in which its middle lies. A film without length has one part, and so has one that is too short for two.
    """
    end = max(duration, *(caption.end for caption in captions), 0.0)
    ordered = sorted(captions, key=lambda caption: (caption.start, caption.end))
    middles = [(caption.start + caption.end) / 2 for caption in ordered]
    starts = [0.0, *_borders(ordered, middles, shots, end), end]
    edges = [0, *(bisect.bisect_left(middles, start) for start in starts[1:-1]), len(ordered)]
    return tuple(Part(*place) for place in zip(starts, starts[1:], edges, edges[1:], strict=False))


def wanted(duration: float) -> int:
    """Chapters that suit a film: 3 for a minute, 6 for ten, 12 for an hour, 16 for two, 37 for twelve."""
    many = 1.7 + 1.3 * math.sqrt(duration / 60)
    return max(1, min(round(many), int(duration / SHORTEST)))


def _borders(captions: Sequence[Caption], middles: Sequence[float], shots: Sequence[float], end: float) -> list[float]:
    """The times inside the film at which chapters begin, ascending: the deepest valley first, then the deepest of what is left."""
    count = wanted(end)
    shortest = max(SHORTEST, end / count / 3)
    places = sorted({shot for shot in shots if 0 < shot < end})
    places = places or sorted({caption.start for caption in captions if 0 < caption.start < end})
    if count < 2 or not places:
        return []
    valleys = Valleys(Bags([caption.text for caption in captions]), [bisect.bisect_left(middles, place) for place in places])
    starting = [caption.start for caption in captions]
    chosen = [0.0, end]
    while len(chosen) <= count:
        depths = valleys.depths()
        free = [n for n, place in enumerate(places) if depths[n] > SHALLOW and _has_room(chosen, place, shortest)]
        if not free:
            break
        best = min(free, key=lambda n: (-depths[n], not _begins_one(starting, places[n]), n))
        bisect.insort(chosen, places[best])
        valleys.divide(valleys.at[best])
    return chosen[1:-1]


def _has_room(chosen: Sequence[float], place: float, shortest: float) -> bool:
    after = bisect.bisect(chosen, place)
    return place - chosen[after - 1] >= shortest and chosen[after] - place >= shortest


def _begins_one(starting: Sequence[float], place: float) -> bool:
    """Whether a caption begins here: of several cuts in one caption this is the one to take."""
    at = bisect.bisect_left(starting, place - NEAR)
    return at < len(starting) and starting[at] <= place + NEAR


class Valleys:
    """How much less alike the captions before and after a place are than those around it; nothing looks across a chapter's border."""

    def __init__(self, bag: Bags, at: Sequence[int]) -> None:
        """``at``: for each place how many captions come before it, ascending."""
        self.bag, self.at = bag, at
        self._fences = [0, len(bag)]
        self._alike = {place: self._likeness(place) for place in sorted(set(at))}

    def divide(self, at: int) -> None:
        """A chapter begins here: what is near is compared anew, up to here."""
        bisect.insort(self._fences, at)
        for place in self._alike:
            if abs(place - at) < SIDE:
                self._alike[place] = self._likeness(place)

    def _likeness(self, at: int) -> float:
        after = bisect.bisect(self._fences, at)
        if at in self._fences or not 0 < after < len(self._fences):
            return 1.0
        before, behind = max(self._fences[after - 1], at - SIDE), min(self._fences[after], at + SIDE)
        return likeness(together(self.bag.between(before, at)), together(self.bag.between(at, behind)))

    def depths(self) -> list[float]:
        """For each place the way down to it from the hills on both sides; a chapter's borders are hills of full likeness."""
        order = sorted(self._alike)
        alike = [self._alike[at] for at in order]
        sides = zip(hills(alike), reversed(hills(alike[::-1])), strict=True)
        depth = {at: left + right - 2 * low for at, low, (left, right) in zip(order, alike, sides, strict=True)}
        return [depth[at] for at in self.at]


def hills(alike: Sequence[float]) -> list[float]:
    """For each place how high it goes up to the left without going down; 1.0 where that leads to the beginning.

    A place goes up as far as the one beside it does, where that is as high: hours of a film in which nothing changes are one look at
    each place.
    """
    found: list[float] = []
    before = math.inf
    hill = 1.0
    for low in alike:
        hill = hill if before >= low else low
        found.append(hill)
        before = low
    return found
