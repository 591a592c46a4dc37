"""A caption that was found, as a row of the index and as what a search answers."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.retrieval.reading import Kind
from pipeline.store.database import Row

COLUMNS = "c.id, c.start, c.end, c.text, c.kind, d.film, d.path"
"""of captions AS c and documents AS d: what ``hit_of`` reads"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One caption that was found."""

    caption: int
    """its number in the index"""
    film: Path
    document: Path
    start: float
    end: float
    text: str
    score: float
    """larger is better; comparable within one search"""
    kind: Kind = "caption"
    """where the text stands: a caption, a sentence of the film's summary, or a chapter"""


def hit_of(row: Row, score: float) -> Hit:
    """A row of captions and documents as a hit."""
    return Hit(
        caption=row["id"],
        film=Path(os.fsdecode(row["film"])),
        document=Path(os.fsdecode(row["path"])),
        start=row["start"],
        end=row["end"],
        text=row["text"],
        score=score,
        kind=row["kind"],
    )
