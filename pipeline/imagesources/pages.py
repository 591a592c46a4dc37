"""What a Parquet file says of its pages, looked at before Arrow is handed it: Arrow makes room for whatever a page claims to hold.

    | head: unpacked size, packed size | packed bytes | head | packed bytes | ...        a column's chunk, whose place the footer tells

1,286 bytes that claim a page of 1.3 GB cost 1.3 GB. A page has to lie inside its chunk, and unpacks to FLAT bytes or to TIMES as many as
it has; all pages of a chunk hold no more values than the footer says. Heads are looked at as they pass, so nothing is read twice.
They are Thrift's compact protocol.

Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader)
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError
from pipeline.imagesources.ranged import RangedFile
from pipeline.storage.base import Entry, Storage

FLAT, TIMES = 256 << 20, 16
"""bytes that any page may unpack to; times its packed bytes that a larger one may"""
HEAD = 64 << 10
"""bytes of a head, at most: it holds the smallest and largest value of its page"""
DEEPEST = 16
"""structures inside each other in a head"""
DATA, DICTIONARY, DATA_V2 = 0, 2, 3
"""kinds of pages"""
INNER = 1000
GROWING = 7
"""DELTA_BYTE_ARRAY: each value says how much of the one before it begins with, so that few bytes may stand for many"""


class TooWide(Exception):
    """Pages of more bytes than there is room for are needed for the rows that are read at once."""


@dataclass(frozen=True, slots=True, order=True)
class Chunk:
    """A column's part of a row group, as the footer tells of it."""

    start: int
    end: int
    """bytes of the file: the first, and the one behind the last"""
    values: int
    nested: bool
    """whether a row may have any number of values"""
    grows: bool
    """whether its values are written as GROWING"""


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says of itself."""

    unpacked: int
    packed: int
    """bytes"""
    length: int
    """bytes of the head"""
    kind: int
    values: int
    encoding: int


class PagedFile(RangedFile):
    """A Parquet file that Arrow reads. ``expect`` it to be read; until then it is passed on as it is."""

    def __init__(self, storage: Storage, name: str, size: int) -> None:
        super().__init__(storage, name, size)
        self._starts: list[int] = []
        self._chunks: list[Chunk] = []
        self._values: list[int] = []
        """of each chunk, how many more may come"""
        self._next: list[int] = []
        """of each chunk, where its next head lies"""
        self.room: int | None = None
        """bytes that pages may unpack to from now on, whoever sets it; None: all"""

    def is_still(self, entry: Entry) -> bool:
        """Whether the storage says of it what it said then. Raises what the storage raises."""
        now = self._storage.head(self._name)
        if self._storage.folder is not None:
            # the version has the inode, and some network file systems give another one at each look
            return (now.size, now.modified) == (entry.size, entry.modified)
        return now == entry

    def expect(self, chunks: Sequence[Chunk]) -> None:
        """The chunks that are read from now on. Raises InputError ``bad_table``."""
        chunks = sorted(chunks)
        if any(not 0 <= chunk.start <= chunk.end <= self.size() for chunk in chunks):
            raise _damaged("a column lies outside of the file")
        self._starts, self._chunks = [chunk.start for chunk in chunks], list(chunks)
        self._next, self._values = list(self._starts), [chunk.values for chunk in chunks]

    def dictionary(self, chunk: Chunk) -> int:
        """Bytes that the values in the dictionary of a chunk have at most; 0 where it has none. Raises InputError."""
        try:
            head = head_of(self._storage.get_range(self._name, chunk.start, min(HEAD, chunk.end - chunk.start)))
        except IndexError:
            return 0  # it has no page: reading it says so
        return head.unpacked if head.kind == DICTIONARY else 0

    def read(self, size: int | None = -1) -> bytes:
        """Raises InputError, ``bad_table`` too."""
        at = self.tell()
        data = super().read(size)
        chunk = bisect_right(self._starts, at) - 1
        if chunk >= 0 and at < self._chunks[chunk].end:
            if at == self._starts[chunk]:
                self._next[chunk], self._values[chunk] = at, self._chunks[chunk].values
            while at <= self._next[chunk] < min(at + len(data), self._chunks[chunk].end):
                self._pass(chunk, data[self._next[chunk] - at :][:HEAD])
        return data

    def _pass(self, chunk: int, data: bytes) -> None:
        """Look at the head that these bytes begin with."""
        told, here = self._chunks[chunk], self._next[chunk]
        try:
            head = head_of(data)
        except IndexError:  # its rest comes with the next piece
            try:
                head = head_of(self._storage.get_range(self._name, here, min(HEAD, told.end - here)))
            except IndexError:
                raise _damaged("a page's head does not end") from None
        if not 0 <= head.packed <= told.end - here - head.length:
            raise _damaged(f"a page of {head.packed:,} bytes lies outside of its column")
        if not 0 <= head.unpacked <= max(FLAT, TIMES * head.packed):
            raise _damaged(f"a page of {head.packed:,} bytes claims to unpack to {head.unpacked:,}")
        if self.room is not None:
            self.room -= head.unpacked
            if self.room < 0 and head.kind != DICTIONARY:
                raise TooWide
        if head.kind == DICTIONARY and here != told.start:
            raise _damaged("a dictionary stands behind what it is for")
        if head.kind in (DATA, DATA_V2):
            self._values[chunk] -= head.values
            if head.values < 0 or self._values[chunk] < 0:
                raise _damaged("its pages hold more values than its end says")
            if head.encoding == GROWING and not told.grows:
                raise _damaged("a page is written in another way than its end says")
        self._next[chunk] = here + head.length + head.packed


def chunks_of(group: Any, columns: Sequence[str]) -> list[Chunk]:
    """The chunks of these columns, by the footer of their row group (pyarrow's RowGroupMetaData)."""
    found = []
    for number in range(group.num_columns):
        column = group.column(number)
        if any(f"{column.path_in_schema}.".startswith(f"{name}.") for name in columns):  # a name may have dots of its own
            found.append(chunk_of(column, group.num_rows))
    return found


def chunk_of(column: Any, rows: int) -> Chunk:
    """A chunk of a group of so many rows, by pyarrow's ColumnChunkMetaData."""
    pages = [column.data_page_offset, column.dictionary_page_offset if column.has_dictionary_page else None]
    start = min(offset for offset in pages if offset is not None)
    grows, nested = "DELTA_BYTE_ARRAY" in column.encodings, column.num_values > rows
    return Chunk(start, start + column.total_compressed_size, column.num_values, nested, grows)


def head_of(data: bytes) -> Head:
    """A page's head. Raises IndexError where it goes on behind ``data``, InputError ``bad_table``."""
    reader = _Reader(data)
    found: dict[int, int] = {}
    reader.structure(found)
    if 2 not in found or 3 not in found:
        raise _damaged("a page's head tells no size")
    kind = found.get(1, -1)
    inner = {DATA: 5, DICTIONARY: 7, DATA_V2: 8}.get(kind, 0) * INNER
    encoding = found.get(inner + (4 if kind == DATA_V2 else 2), -1)
    return Head(found[2], found[3], reader.at, kind, found.get(inner + 1, -1), encoding)


class _Reader:
    """Thrift's compact protocol, as far as it takes to get over what is not asked for."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def structure(self, numbers: dict[int, int] | None = None, depth: int = 0) -> None:
        """A structure; the values of its own 32 bit fields go to ``numbers``, those of structures in it by INNER times its number more."""
        field = 0
        while byte := self._byte():
            kind, step = byte & 15, byte >> 4
            field = field + step if step else self._number()
            if kind == 5 and numbers is not None:
                numbers[field] = self._number()
            elif kind == 12 and numbers is not None and not depth:
                inside: dict[int, int] = {}
                self.structure(inside, depth + 1)
                numbers |= {field * INNER + name: value for name, value in inside.items() if 0 < name < INNER}
            else:
                self._over(kind, depth)

    def _over(self, kind: int, depth: int, *, inside: bool = False) -> None:
        if kind in (1, 2):
            self.at += inside  # a truth in a list has a byte, one in a field is its type
        elif kind == 3:
            self.at += 1
        elif kind in (4, 5, 6):
            self._number()
        elif kind == 7:
            self.at += 8
        elif kind == 8:
            length = self._length()  # which goes on itself
            self.at += length
        elif kind == 12 and depth < DEEPEST:
            self.structure(depth=depth + 1)
        elif kind in (9, 10) and depth < DEEPEST:
            head = self._byte()
            for _ in range(head >> 4 if head >> 4 < 15 else self._length()):
                self._over(head & 15, depth + 1, inside=True)
        else:
            raise _damaged("a page's head is none")

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _length(self) -> int:
        value = self._varint()
        if value > HEAD:
            raise _damaged("a page's head is too long")
        return value

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise _damaged("a page's head is none")


def _damaged(what: str) -> InputError:
    return InputError("bad_table", f"the Parquet file is damaged: {what}")
