"""Which passages of films a question is about, by their captions."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from pipeline.asking.inputs import Opened
from pipeline.asking.types import Passage
from pipeline.asking.wording import looked_for
from pipeline.errors import UsageError
from pipeline.retrieval.find import search


async def found(question: str, films: Sequence[Opened], state_folder: Path, *, most: int) -> list[Passage]:
    """Passages whose captions hold words of the question, the best first; none where none does."""
    by_json = {film.json.resolve(): film for film in films if film.json is not None}
    try:
        results = await asyncio.to_thread(
            search, looked_for(question), [str(path) for path in by_json], state_folder=state_folder, most=most
        )
    except UsageError:  # no word in it that could be looked for
        return []
    hits = list[Passage]()
    for hit in results.hits:
        film = by_json.get(hit.document.resolve())
        if film is not None and hit.start < film.duration:
            hits.append(Passage(film=film.path, start=hit.start, end=min(hit.end, film.duration), text=hit.text))
    return hits


def spread(passages: Sequence[Passage], most: int) -> list[Passage]:
    """At most so many of the passages, evenly over all of them."""
    if len(passages) <= most:
        return list(passages)
    return [passages[int((n + 0.5) * len(passages) / most)] for n in range(most)]


def in_order(passages: Sequence[Passage], films: Sequence[Opened]) -> list[Passage]:
    """By film, as they were named, and by time."""
    place = {film.path: number for number, film in enumerate(films)}
    return sorted(passages, key=lambda passage: (place[passage.film], passage.start))


def holding(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Passages whose captions hold all words of a question, whatever their endings, next to one another where they can be."""
    wanted = [_stem(word) for word in re.findall(r"[\w'’]+", looked_for(question))]
    return [one for one in passages if _runs(wanted, [_stem(word) for word in re.findall(r"[\w'’]+", one.text)])]


def _runs(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words stand in this order with nothing between."""
    count = len(wanted)
    return any(list(words[n : n + count]) == list(wanted) for n in range(len(words) - count + 1))


def _stem(word: str) -> str:
    """An English word without the ending of its number or person."""
    word = word.casefold()
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
