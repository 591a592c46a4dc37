"""The bytes of a unit's items, whatever sources they are of, in their order."""

from collections.abc import Generator, Iterator, Sequence
from functools import cached_property

from pipeline import families
from pipeline.datasets.items import Item
from pipeline.errors import InputError
from pipeline.imagesources.base import Content, Source, Wishes


class Reader:
    """One thread's: sources may remember where they stopped."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def read(self, items: Sequence[Item]) -> Generator[Content, None, None]:
        """One for each item, in order; close it to stop what is read ahead."""
        run: list[Item] = []
        for item in items:
            if run and self._source(item) is not self._source(run[0]):
                yield from self._read(run)
                run = []
            run.append(item)
        if run:
            yield from self._read(run)

    def _read(self, run: Sequence[Item]) -> Iterator[Content]:
        source = self._source(run[0])
        if source is None:
            yield from (InputError("unreadable", f"no source reads {dict(item.locator)}") for item in run)
        else:
            yield from source.read(run, self._wishes)

    def _source(self, item: Item) -> Source | None:
        return next((self._by_word[word] for word in item.locator if word in self._by_word), None)

    @cached_property
    def _by_word(self) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for name in families.members("imagesources"):
            source: Source = families.parse("imagesources", name)
            found |= {word: source for word in source.reads if word not in found}
        return found
