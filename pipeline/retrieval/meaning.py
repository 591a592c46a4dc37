"""The second channel: captions whose sentences mean nearly the same, by vectors of a text encoder."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.retrieval.hits import Hit
from pipeline.retrieval.index import Index

NEAR = 0.2
"""cosine under which two sentences have nothing to do with each other: of 9,900 pairs of a caption and a question about another one
5 % lie above it, of 100 questions and their own captions 96 (tests/support/paraphrases.py, all-MiniLM-L6-v2)"""
TOGETHER = 200
"""documents whose vectors are in memory at once"""
RANKS = 60
"""of reciprocal rank fusion: what the first place is worth against the tenth (Cormack, Clarke and Büttcher 2009)"""


class Embedder(Protocol):
    """What makes vectors: models.embedding.Embedder."""

    @property
    def key(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def prepare(
    index: Index, embedder: Embedder, among: Sequence[int], on_progress: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Make the vectors that are missing of these documents; those of other models go."""
    key = embedder.key
    have = {row[0] for row in index.database.rows("SELECT document FROM vectors WHERE model=?", key)}
    missing = [number for number in among if number not in have]
    for done, number in enumerate(missing):
        on_progress(done, len(missing))
        rows = index.database.rows("SELECT text FROM captions WHERE document=? ORDER BY id", number)
        vectors = embedder.embed([row["text"] for row in rows]).astype(np.float16)
        with index.database.transaction(durable=False) as db:
            db.execute("DELETE FROM vectors WHERE document=?", (number,))
            db.execute("INSERT INTO vectors (document, model, body) VALUES (?, ?, ?)", (number, key, vectors.tobytes()))


def by_meaning(index: Index, embedder: Embedder, query: str, *, most: int, among: Sequence[int]) -> list[Hit]:
    """Captions near to the query, the nearest first; ``prepare`` came before. The score is the cosine, NEAR to 1."""
    vector = embedder.embed([query])[0]
    numbers, scores = np.zeros(0, np.int64), np.zeros(0, np.float32)
    for start in range(0, len(among), TOGETHER):
        part, places = among[start : start + TOGETHER], ",".join("?" * len(among[start : start + TOGETHER]))
        for row in index.database.rows(
            # a document's captions have numbers that follow one another, in the order of its vectors
            "SELECT v.body, (SELECT min(c.id) FROM captions AS c WHERE c.document = v.document) AS first"
            f" FROM vectors AS v WHERE v.model=? AND v.document IN ({places})",
            embedder.key,
            *part,
        ):
            near = np.frombuffer(row["body"], np.float16).reshape(-1, len(vector)).astype(np.float32) @ vector
            ids = np.arange(len(near)) + (row["first"] or 0)
            numbers, scores = np.concatenate([numbers, ids]), np.concatenate([scores, near])
        best = np.argsort(-scores, kind="stable")[:most]
        numbers, scores = numbers[best], scores[best]
    kept = scores >= NEAR
    return index.captions(numbers[kept].tolist(), scores[kept].tolist())


def fused(first: Sequence[Hit], second: Sequence[Hit], most: int) -> list[Hit]:
    """Two lists as one: each place is worth 1 / (RANKS + place), what stands in both gets both."""
    worth: dict[int, float] = {}
    hits = {hit.caption: hit for hit in (*second, *first)}
    for hits_of_one in (first, second):
        for place, hit in enumerate(hits_of_one, 1):
            worth[hit.caption] = worth.get(hit.caption, 0.0) + 1 / (RANKS + place)
    ranked = sorted(worth, key=lambda caption: (-worth[caption], caption))[:most]
    return [replace(hits[caption], score=worth[caption]) for caption in ranked]
