"""Texts as bags of words, to tell how much two stretches of captions have in common. Pure.

Languages without spaces between words have no words to count without a dictionary: there each two characters that follow one another
count as one.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
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


def bags(texts: Sequence[str]) -> list[dict[str, float]]:
    """For each text its words with their weights: often in it, and in few of the others (tf-idf with a smooth idf)."""
    counted = [Counter(words(text)) for text in texts]
    spread = Counter(word for one in counted for word in one)
    return [
        {word: count * math.log((1 + len(texts)) / spread[word]) for word, count in one.items() if spread[word] < len(texts)}
        for one in counted
    ]


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
