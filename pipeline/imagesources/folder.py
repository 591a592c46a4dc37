"""Pictures as files of a folder, whatever is nested in it: on a disk, in a bucket, on a share."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError
from pipeline.imagesources.ahead import AHEAD, SMALL, in_order
from pipeline.imagesources.base import LARGEST, Content, Place, Wishes, is_hidden, is_picture
from pipeline.storage import Storage, open_storage

READERS = 16
"""files that are read at once: a bucket answers each in some hundredths of a second"""


@dataclass(frozen=True)
class Source:
    """A folder that is none of a special kind."""

    folders: ClassVar[bool] = True
    reads: ClassVar[frozenset[str]] = frozenset({"path"})

    def takes(self, name: str, beside: frozenset[str]) -> bool:
        return True

    def list(self, place: Place, wishes: Wishes) -> Iterator[Item]:
        for entry in place.storage.list():
            if is_picture(entry.name) and not is_hidden(entry.name):
                yield item_of(place, entry.name)

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        storages: dict[str, Storage] = {}

        def one(item: Item, turn: bool) -> Content | None:
            storage, name = storages[item.source], str(item.locator["path"])
            if turn:
                return content_of(storage, name)
            found = content_of(storage, name, SMALL)
            return None if isinstance(found, InputError) and found.code == "picture_too_large" else found

        for item in items:
            if item.source not in storages:
                storages[item.source] = open_storage(item.source, wishes.storage)
        with ThreadPoolExecutor(READERS, thread_name_prefix="pictures") as threads:
            yield from in_order(threads, one, items, AHEAD)


def item_of(place: Place, name: str) -> Item:
    return Item(key=place.prefix + name, source=place.url, locator={"path": name})


def content_of(storage: Storage, name: str, most: int = LARGEST) -> Content:
    """A whole file of ``most`` bytes at most. Raises nothing."""
    try:
        data = storage.get_range(name, 0, most + 1)
    except InputError as error:
        return error
    except ScenescribeError as error:
        return InputError(error.code, error.message)
    if len(data) > most:
        return InputError("picture_too_large", f"the file has more than {most >> 20} MB")
    return data
