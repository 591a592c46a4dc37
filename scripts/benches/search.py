"""scripts/bench search [--films 100] [--scripts latin chinese japanese thai]: how fast captions come into the index, and what a query costs.

Films of 1,000 captions of 14 words, seven of ten drawn from 30 common words, the others from 5,000: common words stand in a
quarter of all captions, others in 1 of 1,000. Films of several scripts take turns. Chinese, Japanese and Thai words are made up, of two to
four characters, and stand beside each other without spaces; a rare one is looked for as it is, and by two of its characters, which
others have too. Seconds are of this process's processor time; the clock beside it.
"""

import argparse
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.formats import json as ours
from pipeline.retrieval.index import Index
from pipeline.retrieval.reading import SUFFIX, documents
from pipeline.retrieval.words import Words
from pipeline.types import Caption, Document, Model, Source

CHARACTERS = {
    "chinese": [chr(code) for code in range(0x4E00, 0x4E00 + 600)],
    "japanese": [chr(code) for code in (*range(0x3041, 0x3094), *range(0x30A1, 0x30F4), *range(0x5800, 0x5800 + 200))],
    "thai": [chr(code) for code in (*range(0x0E01, 0x0E2F), 0x0E30, 0x0E32, *range(0x0E40, 0x0E45))],
}


@dataclass(frozen=True, slots=True)
class Tongue:
    """Words of a script, how they are joined, and what is looked for."""

    common: list[str]
    rare: list[str]
    between: str
    queries: tuple[str, ...]


def tongue(script: str) -> Tongue:
    """``latin`` or one of CHARACTERS; the same words each time."""
    if script == "latin":
        common, rare = [f"common{number}" for number in range(30)], [f"rare{number}" for number in range(5000)]
        return Tongue(common, rare, " ", ("rare17", "common1 common2", "common1 rare17", "common1 common2 common3 nowhere"))
    rng, words = random.Random(script), dict[str, None]()
    while len(words) < 5030:
        words["".join(rng.choice(CHARACTERS[script]) for _ in range(rng.randint(2, 4)))] = None
    common, rare = list(words)[:30], list(words)[30:]
    one = next(word for word in rare if len(word) == 4)
    return Tongue(common, rare, "", (one, one[1:3], one[1], f"{common[1]} {common[2]}", f"{common[1]} {one}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--scripts", nargs="+", default=["latin"], choices=("latin", *CHARACTERS))
    asked = parser.parse_args()
    tongues = [tongue(script) for script in asked.scripts]
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(asked.films):
            film = document(rng, tongues[number % len(tongues)])
            (folder / f"{number}{SUFFIX}").write_text(ours.to_text(film), encoding="utf-8")
        with Index(folder / "state") as index:
            began, clock = time.process_time(), time.perf_counter()
            index.update(documents([str(folder)]))
            took, passed = time.process_time() - began, time.perf_counter() - clock
            count = asked.films * 1000
            print(f"{count} captions: {count / took:,.0f} a second of processor time, {count / passed:,.0f} by the clock")
            for script, words in zip(asked.scripts, tongues, strict=True):
                for query in words.queries:
                    tell(script, index, query)


def tell(script: str, index: Index, query: str) -> None:
    """Ask five times, print the median."""
    spent, passed, hits = [], [], 0
    for _ in range(5):
        began, clock = time.process_time(), time.perf_counter()
        found, _ = Words(index.database).search(query, most=10)
        spent.append(time.process_time() - began)
        passed.append(time.perf_counter() - clock)
        hits = len(found)
    print(
        f"{script} {query!r}: {hits} hits, {sorted(spent)[2] * 1000:.1f} ms ({sorted(passed)[2] * 1000:.1f} by the clock; median of 5)"
    )


def document(rng: random.Random, words: Tongue) -> Document:
    """A film of 1,000 captions."""
    texts = (
        words.between.join(rng.choice(words.common) if rng.random() < 0.7 else rng.choice(words.rare) for _ in range(14))
        for _ in range(1000)
    )
    return Document(
        source=Source(name="film.mp4", size=1, duration=8000.0, fps=25.0, width=640, height=360, start=0.0),
        model=Model(name="none", id="none", revision="", engine="none", engine_version=""),
        settings={},
        captions=tuple(Caption(start=8.0 * n, end=8.0 * n + 8, text=text) for n, text in enumerate(texts)),
    )


if __name__ == "__main__":
    main()
