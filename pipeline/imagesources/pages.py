"""What a Parquet file says of its pages, looked at before Arrow is handed it: Arrow makes room for whatever a page claims to hold.

    | head: unpacked size, packed size | packed bytes | head | packed bytes | ...        a column's chunk, whose place the footer tells

1,286 bytes that claim a page of 1.3 GB cost 1.3 GB. A page has to lie inside its chunk, and unpacks to FLAT bytes or to TIMES as many as
it has. Heads are looked at as they pass, so nothing is read twice. They are Thrift's compact protocol.

Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader)
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from pipeline.errors import InputError
from pipeline.imagesources.ranged import RangedFile
from pipeline.storage.base import Storage

FLAT, TIMES = 256 << 20, 16
"""bytes that any page may unpack to; times its packed bytes that a larger one may"""
HEAD = 64 << 10
"""bytes of a head, at most: it holds the smallest and largest value of its page"""
DEEPEST = 16
"""structures inside each other in a head"""


class PagedFile(RangedFile):
    """A Parquet file that Arrow reads. ``expect`` it to be read; until then it is passed on as it is."""

    def __init__(self, storage: Storage, name: str, size: int) -> None:
        super().__init__(storage, name, size)
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._next: list[int] = []
        """of each chunk, where its next head lies"""

    def expect(self, chunks: list[tuple[int, int]]) -> None:
        """The chunks of columns that are read from now on: their first bytes and the ones behind them. Raises InputError ``bad_table``."""
        chunks = sorted(chunks)
        if any(not 0 <= start <= end <= self.size() for start, end in chunks):
            raise _damaged("a column lies outside of the file")
        self._starts, self._ends = [start for start, _ in chunks], [end for _, end in chunks]
        self._next = list(self._starts)

    def read(self, size: int | None = -1) -> bytes:
        """Raises InputError, ``bad_table`` too."""
        at = self.tell()
        data = super().read(size)
        chunk = bisect_right(self._starts, at) - 1
        if chunk >= 0 and at < self._ends[chunk]:
            if at == self._starts[chunk]:
                self._next[chunk] = at
            while at <= self._next[chunk] < min(at + len(data), self._ends[chunk]):
                self._pass(chunk, data[self._next[chunk] - at :][:HEAD])
        return data

    def _pass(self, chunk: int, data: bytes) -> None:
        """Look at the head that these bytes begin with."""
        here, end = self._next[chunk], self._ends[chunk]
        try:
            unpacked, packed, length = sizes(data)
        except IndexError:  # its rest comes with the next piece
            try:
                unpacked, packed, length = sizes(self._storage.get_range(self._name, here, min(HEAD, end - here)))
            except IndexError:
                raise _damaged("a page's head does not end") from None
        if not 0 <= packed <= end - here - length:
            raise _damaged(f"a page of {packed:,} bytes lies outside of its column")
        if not 0 <= unpacked <= max(FLAT, TIMES * packed):
            raise _damaged(f"a page of {packed:,} bytes claims to unpack to {unpacked:,}")
        self._next[chunk] = here + length + packed


def chunks_of(group: Any, columns: Sequence[str]) -> list[tuple[int, int]]:
    """Where the chunks of these columns lie, by the footer of their row group (pyarrow's RowGroupMetaData)."""
    found = []
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema.partition(".")[0] in columns:
            pages = [column.data_page_offset, column.dictionary_page_offset if column.has_dictionary_page else None]
            start = min(offset for offset in pages if offset is not None)
            found.append((start, start + column.total_compressed_size))
    return found


def sizes(data: bytes) -> tuple[int, int, int]:
    """Of a page's head: the bytes that it unpacks to, those that it has, and its own. Raises IndexError where it goes on behind ``data``,
    InputError ``bad_table``."""
    head = _Reader(data)
    found: dict[int, int] = {}
    head.structure(found)
    if 2 not in found or 3 not in found:
        raise _damaged("a page's head tells no size")
    return found[2], found[3], head.at


class _Reader:
    """Thrift's compact protocol, as far as it takes to get over what is not asked for."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def structure(self, numbers: dict[int, int] | None = None, depth: int = 0) -> None:
        """A structure; the values of its own 32 bit fields go to ``numbers``."""
        field = 0
        while byte := self._byte():
            kind, step = byte & 15, byte >> 4
            field = field + step if step else self._number()
            if kind == 5 and numbers is not None:
                numbers[field] = self._number()
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
