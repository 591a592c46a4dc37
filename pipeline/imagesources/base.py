"""The contract of an image source: which files it takes, what items they hold, and the bytes of those items.

    takes("0001.tar") -> list(place) -> Item ...      once, for the plan
    reads {"shard"}   -> read(items) -> bytes ...     any number of times, in any process: an item's source and locator say all

What can't be listed is an item all the same, with a reason: a shard that is cut in half ends in one, and costs nobody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from pipeline.datasets.items import Item
from pipeline.errors import InputError
from pipeline.storage.base import Storage

SUFFIXES = frozenset(".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .tif .tiff .avif .jp2 .heic .heif .hif".split())
"""names that are taken for pictures; the last three can't be read, and whoever has such is told so, a row each"""
LARGEST = 256 << 20
"""bytes of one picture's file"""
Content = bytes | InputError
"""an item's bytes, or why there are none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is asked of all sources alike."""

    image_column: str | None = None
    """of tables: the column with the pictures' bytes; found by itself where there is one alone"""
    url_column: str | None = None
    """of tables: the column with their addresses"""
    key_column: str | None = None
    """of tables: the column with their names"""
    keep_columns: tuple[str, ...] = ()
    """of tables: columns that go through to the rows"""
    storage: Mapping[str, str] = field(default_factory=dict)
    """options of object stores"""
    allowed_hosts: frozenset[str] = frozenset()
    """hosts that addresses in tables may name although they are no public ones"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file, or a folder, in a storage."""

    storage: Storage
    name: str
    """of the file; empty: the folder itself"""
    url: str
    """as it is named in rows, and opened again by"""
    prefix: str = ""
    """what keys begin with, so that those of several places differ"""

    @property
    def stem(self) -> str:
        """Its name without what follows the first dot of its last part."""
        folder, slash, last = self.name.rpartition("/")
        return folder + slash + last.partition(".")[0]


class Source(Protocol):
    """One kind of place; its constructor takes no arguments that it must have. Methods block."""

    folders: ClassVar[bool]
    """whether it takes folders, and not files"""
    reads: ClassVar[frozenset[str]]
    """items with one of these words in their locator are read by it; empty: another source reads what it lists"""

    def takes(self, name: str, beside: frozenset[str]) -> bool:
        """Whether a file of this name is its; of a folder: whether one is in which files of these names lie (``beside``)."""

    def list(self, place: Place, wishes: Wishes) -> Iterator[Item]:
        """All that is there, each once, in a fixed order. Raises InputError where nothing of the place can be read, UsageError for a
        column that is not there."""

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        """One for each item, in order; a little ahead at most. Never raises for an item."""


def is_picture(name: str) -> bool:
    """Whether a file is called like a picture, and is none of a program's own."""
    last = name.rpartition("/")[2]
    return not last.startswith(".") and f".{last.rpartition('.')[2].lower()}" in SUFFIXES


def is_hidden(name: str) -> bool:
    """Whether a file lies where programs keep their own: a name, or a folder's, that begins with a dot, or ours."""
    return any(part.startswith(".") or part == "_scenescribe" for part in name.split("/"))
