"""How much of a text a window can carry, and what is said about the rest.

all of it -> whole sentences dropped from the end -> the first sentence, faster than it should be read
          -> the first sentence cut between two words, with an ellipsis
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.cues.blocks import Block, Typesetter
from pipeline.cues.measure import columns, graphemes
from pipeline.cues.profiles import Layout, Limits
from pipeline.cues.words import Word, words

HURRY = 1.5
"""A sentence that no window can carry may be read this much faster before words are left out"""
ELLIPSIS = "…"
FAR = 8.0
"""seconds; with so much more than twice its room a text is not laid out to find out what it needs: no neighbour has that"""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is shown of a text."""

    blocks: list[Block]
    code: str = ""
    """why not all of it: text_dropped, text_cut or nothing"""
    message: str = ""


class Fitter:
    """Fits texts into windows under one layout; remembers the words of texts that come again."""

    def __init__(self, layout: Layout, limits: Limits, language: str, gap: float) -> None:
        self.layout, self.limits, self.gap = layout, limits, gap
        # a cue of the longest duration, less the gap that may have to be kept after it
        self.most = limits.cps * (layout.max_duration - layout.close_gaps) if limits.cps != float("inf") else float("inf")
        self.words: Callable[[str], tuple[Word, ...]] = lru_cache(maxsize=256)(
            lambda text: words(text, language, width=min(limits.width, self.most), wide=limits.wide)
        )

    def need(self, block: Block) -> float:
        """Seconds that a block must stay, in whole milliseconds."""
        reading = block.characters / self.limits.cps
        return max(self.layout.min_duration, -(-reading * 1000 // 1) / 1000)

    def fit(self, text: str, room: float) -> Fitted:
        """The most of ``text`` that can be read in ``room`` seconds, by whole sentences."""
        room = max(room, self.layout.min_duration)  # a window that is shorter still shows its one short cue
        pieces = self.words(text)
        setter = Typesetter(pieces, self.limits, self.most)
        narrow = text.isascii()
        ends = [k + 1 for k, piece in enumerate(pieces) if piece.ends_sentence and k + 1 < len(pieces)] + [len(pieces)]
        for count in range(len(ends), 0, -1):
            if self._least(setter.width(0, ends[count - 1]), narrow) > room:
                continue
            blocks = setter.blocks(0, ends[count - 1])
            if self._seconds(blocks) <= room + 1e-6:
                return self._by_sentences(blocks, len(ends) - count)
        return self._hurried(setter, ends, room) or self._cut(pieces, setter, ends[0], room)

    def wanted(self, text: str, room: float) -> float:
        """Seconds that all of ``text`` needs at its reading speed; a lower bound, where it is far more than ``room``."""
        pieces = self.words(text)
        setter = Typesetter(pieces, self.limits, self.most)
        least = self._least(setter.width(0, len(pieces)), text.isascii())
        return least if least > 2 * room + FAR else self._seconds(setter.blocks(0, len(pieces)))

    def _least(self, width: float, narrow: bool) -> float:
        """Seconds that a text of this many columns needs at least: a quick answer before it is laid out.

        Between two blocks a space is not read; where columns are not characters, two are one at most.
        """
        characters = width - width / (self.limits.width * self.limits.lines) - 1 if narrow or self.limits.wide else width / 2
        return characters / self.limits.cps

    def _seconds(self, blocks: Sequence[Block]) -> float:
        return sum(map(self.need, blocks)) + self.gap * (len(blocks) - 1)

    @staticmethod
    def _by_sentences(blocks: list[Block], dropped: int) -> Fitted:
        if not dropped:
            return Fitted(blocks)
        return Fitted(blocks, "text_dropped", f"the last {dropped} sentence{'s' * (dropped > 1)} did not fit into the window")

    def _hurried(self, setter: Typesetter, ends: list[int], room: float) -> Fitted | None:
        """The first sentence whole, if a quick reader can still follow."""
        end = ends[0]
        if setter.width(0, end) / self.limits.cps > 2 * HURRY * room:
            return None
        blocks = setter.blocks(0, end)
        reading = sum(block.characters for block in blocks) / self.limits.cps + self.gap * (len(blocks) - 1)
        shortest = self.layout.min_duration * len(blocks) + self.gap * (len(blocks) - 1)
        if reading > HURRY * room or (len(blocks) > 1 and shortest > room):
            return None
        return self._by_sentences(blocks, len(ends) - 1)  # that it is too fast is told of each cue that is

    def _cut(self, pieces: tuple[Word, ...], setter: Typesetter, end: int, room: float) -> Fitted:
        """As many words of the first sentence as can be read, at the best break among the last of them."""
        budget = max(room * self.limits.cps, 1.0)
        last = 1
        while last < end and setter.width(0, last + 1) <= budget:
            last += 1
        for stop in range(last, 0, -1):
            near = range(max(1, stop - 3), stop + 1)
            at = min(near, key=lambda k: (pieces[k].cost if k < len(pieces) else 0, -k)) if stop > 4 else stop
            words_kept = (*pieces[: at - 1], self._with_ellipsis(pieces[at - 1]))
            blocks = Typesetter(words_kept, self.limits, self.most).blocks(0, at)
            if self._seconds(blocks) <= room + 1e-6 or stop == 1:
                break
        return Fitted(blocks, "text_cut", "the sentence is too long for the window and was cut between two words")

    def _with_ellipsis(self, piece: Word) -> Word:
        text = piece.text.rstrip(",;:、，；：،؛–—-. ") or piece.text
        while len(text) > 1 and columns(text + ELLIPSIS, wide=self.limits.wide) > self.limits.width:
            text = "".join(graphemes(text)[:-1])
        return Word(text + ELLIPSIS, piece.space, piece.cost, True)
