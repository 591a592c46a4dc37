"""Films among the pictures: each is one item, whose windows become rows with times. They are read by the processes that read films."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.items import Item
from pipeline.errors import InputError
from pipeline.imagesources.base import SUFFIXES, Content, Place, Wishes
from pipeline.inputs import VIDEO_SUFFIXES

BYTES_A_SECOND = 250_000
"""of an ordinary film: what its seconds, and so its weight, are guessed by"""
LEAST = 2.0
"""more than a picture weighs: a unit that is heavier than its items are many has films in it"""


@dataclass(frozen=True)
class Source:
    """One film. A GIF is a picture here."""

    folders: ClassVar[bool] = False
    reads: ClassVar[frozenset[str]] = frozenset({"film"})

    def takes(self, name: str, beside: frozenset[str]) -> bool:
        suffix = f".{name.rpartition('.')[2].lower()}"
        return suffix in VIDEO_SUFFIXES and suffix not in SUFFIXES

    def list(self, place: Place, wishes: Wishes) -> Iterator[Item]:
        weight = max(LEAST, place.storage.head(place.name).size / BYTES_A_SECOND)
        yield Item(key=place.prefix + place.name, source=place.storage.url, locator={"film": place.name}, weight=weight)

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        """A film is never read as one piece of bytes: ``pipeline.annotating.films`` describes it."""
        yield from (InputError("not_a_source", "a film has no one picture") for _ in items)
