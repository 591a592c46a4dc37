"""Texts as bags of words, to tell how much two stretches of captions have in common. Pure.

Languages without spaces between words have no words to count without a dictionary: there each two characters that follow one another
count as one.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
KEPT = 64
"""bags that are kept at once: more than are compared at one place of a film"""
SHORTEST_WORD = 3
"""characters; shorter words join others and name nothing"""

Bag = Mapping[str, float]


def words(text: str) -> list[str]:
    """The words of a text in order, folded."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _SPACELESS.search(word):
            found += [word[i : i + 2] for i in range(len(word) - 1)] or [word]
        elif len(word) >= SHORTEST_WORD or not word.isascii() or word.isdecimal():
            found.append(word)
    return found


class Bags:
    """For each text its words with their weights: often in it, and in few of the others (tf-idf with a smooth idf).

    Made when they are looked at, and few are kept: those of twelve hours would take more memory than the captions themselves. Whoever
    goes through them in order, some steps back and forth, pays for each once.
    """

    def __init__(self, texts: Sequence[str], *, kept: int = KEPT) -> None:
        self._texts, self._made = texts, dict[int, dict[str, float]]()
        self._kept = kept
        self._spread: Counter[str] = Counter()
        for text in texts:
            self._spread.update(set(words(text)))

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, place: int) -> dict[str, float]:
        if (bag := self._made.pop(place, None)) is None:
            bag = self._bag(self._texts[place])
            if len(self._made) >= self._kept:
                del self._made[next(iter(self._made))]
        self._made[place] = bag  # the one that was looked at last is the last to go
        return bag

    def between(self, first: int, last: int) -> Iterator[dict[str, float]]:
        """Those from ``first`` to before ``last``."""
        return (self[place] for place in range(first, last))

    def _bag(self, text: str) -> dict[str, float]:
        most, spread = len(self._texts), self._spread
        return {
            word: count * math.log((1 + most) / spread[word])
            for word, count in Counter(words(text)).items()
            if spread[word] < most
        }


def together(parts: Iterable[Bag]) -> dict[str, float]:
    """Several bags as one."""
    made: dict[str, float] = {}
    for part in parts:
        for word, weight in part.items():
            made[word] = made.get(word, 0.0) + weight
    return made


def likeness(one: Bag, other: Bag) -> float:
    """Cosine of two bags: 0 where they have no word in common, 1 where they are the same; 1 for two empty ones."""
    if not one or not other:
        return 1.0 if not one and not other else 0.0
    short, long = sorted((one, other), key=len)
    dot = sum(weight * long.get(word, 0.0) for word, weight in short.items())
    norm = math.sqrt(sum(weight * weight for weight in one.values()) * sum(weight * weight for weight in other.values()))
    return dot / norm if norm else 0.0
