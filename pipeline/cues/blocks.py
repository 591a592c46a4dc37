"""Words -> blocks of lines: what one cue shows.

    a block            The old man walks across          line 1, the shorter one where there is a choice
                       the square, carrying a bag.       line 2
    the next block     He sits down on a bench.

Where a text needs several blocks, the cheapest row of breaks is found: blocks like to end with a sentence, then with a
clause; lines break by ``grammar``'s costs and lean to the bottom-heavy pyramid.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise

from pipeline.cues.grammar import GOOD
from pipeline.cues.measure import characters, columns
from pipeline.cues.profiles import Limits
from pipeline.cues.words import Measure, Word
from pipeline.sanitize import clean

INFINITY = float("inf")
ROUNDING = 1e-9
"""that widths which are added up may be off: what fits a row fits a line"""
BLOCK = 12.0
"""What one more block costs, on the scale of ``grammar`` (a break after a clause costs 1, between two plain words 4)"""
EMPTINESS = 8.0
"""What a block that is nearly empty costs on top"""
TOP_HEAVY, BOTTOM_HEAVY = 0.12, 0.05
"""For each column that the upper or the lower line is longer"""


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one cue and what a viewer has to read in it."""

    lines: tuple[str, ...]
    characters: float


class Typesetter:
    """Breaks one text. ``most`` is the number of characters that a cue may hold at its longest duration; ``measure`` is the
    ruler of ``limits.width`` (columns where it is None)."""

    def __init__(self, words: Sequence[Word], limits: Limits, most: float, measure: Measure | None = None) -> None:
        self.words = words
        self.limits = limits
        self.most = most
        measure = measure or partial(columns, wide=limits.wide)
        sizes = [measure(word.text) for word in words]
        self._spaces = [measure(word.space) for word in words]
        self._sums = [0.0, *accumulate(size + space for size, space in zip(sizes, self._spaces, strict=True))]

    def width(self, first: int, end: int) -> float:
        """Columns of words first..end-1 on one line."""
        return self._sums[end] - self._sums[first] - self._spaces[first]

    def blocks(self, first: int, end: int) -> list[Block]:
        """Words first..end-1 as blocks, in order."""
        if first >= end:
            return []
        rows = [(first, end)] if end <= self._reach(first) else self._partition(first, end)
        return [block for block in (self._block(a, b) for a, b in rows) if block.lines]

    def _fitting(self, first: int, columns: float) -> int:
        """The end of the longest row of words from ``first`` that is no wider than this; at least one word."""
        return max(first + 1, bisect_right(self._sums, self._sums[first] + self._spaces[first] + columns + ROUNDING) - 1)

    def _reach(self, first: int) -> int:
        """The end of the longest block that begins with word ``first``."""
        end = first
        for _ in range(self.limits.lines):
            if end >= len(self.words):
                break
            end = self._fitting(end, self.limits.width)
        return min(end, self._fitting(first, self.most))

    def _partition(self, first: int, end: int) -> list[tuple[int, int]]:
        """The cheapest way to cut words first..end-1 into blocks."""
        full = min(self.limits.width * self.limits.lines, self.most)
        sums, spaces, words = self._sums, self._spaces, self.words
        good = [k for k in range(first + 1, end) if words[k].cost <= GOOD]
        cost = {first: 0.0}
        origin: dict[int, int] = {}
        for a in range(first, end):
            if a not in cost:
                continue
            furthest = min(self._reach(a), end)
            # a block ends at a good place, or else as late as it can
            ends = good[bisect_right(good, a) : bisect_right(good, furthest)]
            begin, so_far = sums[a] + spaces[a], cost[a] + BLOCK
            for b in (*ends, *range(max(a + 1, furthest - 2), furthest + 1)):
                emptiness = 1 - (sums[b] - begin) / full
                price = so_far + EMPTINESS * emptiness * emptiness + (2 * words[b].cost if b < end else 0)
                if price < cost.get(b, INFINITY):
                    cost[b], origin[b] = price, a
        cuts = [end]
        while cuts[-1] != first:
            cuts.append(origin[cuts[-1]])
        cuts.reverse()
        return list(pairwise(cuts))

    def _block(self, first: int, end: int) -> Block:
        # cleaned again: a break may leave an odd space at an end, or a line that shows nothing
        lines = tuple(line for a, b in self._lines(first, end, self.limits.lines) if (line := clean(self._text(a, b))))
        return Block(lines, characters(lines, wide=self.limits.wide))

    def _lines(self, first: int, end: int, most: int) -> list[tuple[int, int]]:
        """The best lines for one block, as few as can be."""
        limit = self.limits.width + ROUNDING
        if most <= 1 or end - first <= 1 or self.width(first, end) <= limit:
            return [(first, end)]
        tails = self._lines_needed(first, end)
        lines: list[tuple[int, int]] = []
        left = tails[first]
        while left > 1:
            best, at = float("inf"), first + 1
            for k in range(first + 1, end):
                top = self.width(first, k)
                if top > limit:
                    break
                if tails[k] > left - 1:
                    continue
                rest = self.width(k, end) / (left - 1)
                price = self.words[k].cost + (TOP_HEAVY * (top - rest) if top > rest else BOTTOM_HEAVY * (rest - top))
                if price < best:
                    best, at = price, k
            lines.append((first, at))
            first, left = at, left - 1
        return [*lines, (first, end)]

    def _lines_needed(self, first: int, end: int) -> dict[int, int]:
        """word -> how many lines the words from it to the end need"""
        needed = {end: 0}
        far = end
        for k in range(end - 1, first - 1, -1):
            while far > k + 1 and self.width(k, far) > self.limits.width + ROUNDING:
                far -= 1
            needed[k] = 1 + needed[far]
        return needed

    def _text(self, first: int, end: int) -> str:
        return self.words[first].text + "".join(word.space + word.text for word in self.words[first + 1 : end])
