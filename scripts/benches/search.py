"""scripts/bench search [--films 100]: how fast captions come into the search index, and what a query costs.

Films of 1,000 captions of 14 words, seven of ten drawn from 30 common words, the others from 5,000: common words stand in a
quarter of all captions, others in 1 of 1,000. Seconds are of this process's processor time; the clock beside it.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from pipeline.formats import json as ours
from pipeline.retrieval.index import Index
from pipeline.retrieval.reading import SUFFIX, documents
from pipeline.retrieval.words import Words
from pipeline.types import Caption, Document, Model, Source

COMMON = [f"common{number}" for number in range(30)]
RARE = [f"rare{number}" for number in range(5000)]
QUERIES = ("rare17", "common1 common2", "common1 rare17", "common1 common2 common3 nowhere")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=100)
    films = parser.parse_args().films
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(films):
            (folder / f"{number}{SUFFIX}").write_text(ours.to_text(document(rng)))
        with Index(folder / "state") as index:
            began, clock = time.process_time(), time.perf_counter()
            index.update(documents([str(folder)]))
            took, passed = time.process_time() - began, time.perf_counter() - clock
            print(
                f"{films * 1000} captions: {films * 1000 / took:,.0f} a second of processor time, {films * 1000 / passed:,.0f} by the clock"
            )
            for query in QUERIES:
                spent = []
                for _ in range(5):
                    began = time.process_time()
                    hits, _ = Words(index.database).search(query, most=10)
                    spent.append(time.process_time() - began)
                print(f"{query!r}: {len(hits)} hits, {sorted(spent)[2] * 1000:.1f} ms (median of 5)")


def document(rng: random.Random) -> Document:
    texts = (" ".join(rng.choice(COMMON) if rng.random() < 0.7 else rng.choice(RARE) for _ in range(14)) for _ in range(1000))
    return Document(
        source=Source(name="film.mp4", size=1, duration=8000.0, fps=25.0, width=640, height=360, start=0.0),
        model=Model(name="none", id="none", revision="", engine="none", engine_version=""),
        settings={},
        captions=tuple(Caption(start=8.0 * n, end=8.0 * n + 8, text=text) for n, text in enumerate(texts)),
    )


if __name__ == "__main__":
    main()
