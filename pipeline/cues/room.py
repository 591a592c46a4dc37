"""Room for texts that their own windows can't carry, before any word is left out.

    windows     [- 1: much text --)[- 2: little text ------)  no text  [- 3: much text -)
    cues        [ 1 ..................] [ 2 .....]                  [ 3 ................]
                                   ^ stays into 2's time, which begins later     ^ begins in the empty time before

First a text may stay longer: into empty time, then into what its neighbours do not need; a neighbour that needs all of its time
is moved as a whole, where the one behind it has some. Only where that does not do it may a text begin sooner, by the same rule.
Nobody loses time that the own text needs, and none is further than REACH from the window that it speaks of.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.types import Document

REACH = 2.5
"""seconds; a text stays at most so long past its window's end, or begins so long before its start. Describers set a description over
what it speaks of or a little before or after, where speech leaves no gap"""
NEIGHBOURS = 4
"""how many are moved for one text at most"""


@dataclass(frozen=True, slots=True)
class Span:
    """When a passage's cues may be shown, and the seconds that all of its text needs."""

    start: float
    end: float
    need: float

    @property
    def lack(self) -> float:
        """Seconds that are missing; negative where there is time to spare."""
        return self.need - (self.end - self.start)


def described_part(document: Document, film_end: float) -> tuple[float, float]:
    """The stretch that is free for cues: the film, or the part of it that was asked for (``--from``, ``--to``).

    Nothing is known of what lies outside a part: it is no empty time. Its windows tell it better than what was asked does, which may lie
    past the end of the film, and which ``export --shift`` leaves as it was.
    """
    windows = [one for one in document.captions if math.isfinite(one.start) and math.isfinite(one.end)]
    if not document.settings.get("part") or not windows:
        return 0.0, film_end
    begin, end = min(one.start for one in windows), max(one.end for one in windows)
    return max(0.0, round(begin, 3)), min(round(end, 3), film_end)


def find_room(spans: Sequence[Span], gap: float, end: float, begin: float = 0.0) -> list[Span]:
    """The spans, in order and ``gap`` seconds apart at least, with edges moved for those that lack time. Whole milliseconds.

    None begins before ``begin`` or ends after ``end``.
    """
    if all(span.lack <= 0 for span in spans):
        return list(spans)
    later = _Stay(spans, gap, end).spans
    # the same, seen in a mirror: sooner is later where time runs backwards
    return _mirrored(_Stay(_mirrored(later), gap, -begin).spans)


def _mirrored(spans: Sequence[Span]) -> list[Span]:
    return [Span(-span.end, -span.start, span.need) for span in reversed(spans)]


class _Stay:
    """Lets those that lack time stay longer, from the last to the first: who gives has had what it needs itself."""

    def __init__(self, spans: Sequence[Span], gap: float, limit: float) -> None:
        self.spans, self.gap, self.limit = list(spans), gap, limit
        self._latest = [span.end + REACH for span in spans]
        for k in range(len(self.spans) - 1, -1, -1):
            if self.spans[k].lack > 0:
                self._stay(k, self.spans[k].lack, NEIGHBOURS)

    def _stay(self, k: int, seconds: float, neighbours: int) -> float:
        """Move the end of span ``k`` later by ``seconds`` or what can be had; how much that is."""
        seconds = min(seconds, self._latest[k] - self.spans[k].end)
        last = k + 1 == len(self.spans)
        empty = (self.limit if last else self.spans[k + 1].start - self.gap) - self.spans[k].end
        had = _whole(min(seconds, empty))
        if seconds - had > 0 and not last and -0.001 < empty < had + 0.001:
            had += self._wait(k + 1, seconds - had, neighbours)
        self.spans[k] = replace(self.spans[k], end=round(self.spans[k].end + had, 3))
        return had

    def _wait(self, k: int, seconds: float, neighbours: int) -> float:
        """Move the start of span ``k`` later out of its own spare time, else by moving all of it; how much that is."""
        had = _whole(min(seconds, -self.spans[k].lack))
        if seconds - had > 0 and neighbours > 0:
            had += self._stay(k, seconds - had, neighbours - 1)
        self.spans[k] = replace(self.spans[k], start=round(self.spans[k].start + had, 3))
        return had


def _whole(seconds: float) -> float:
    """Rounded down to whole milliseconds; 0 where there is nothing to move."""
    return max(math.floor(seconds * 1000 + 1e-6) / 1000, 0.0) if math.isfinite(seconds) else 0.0
