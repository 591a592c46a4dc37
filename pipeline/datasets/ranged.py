"""A Parquet file in a storage, of which only what is needed is fetched: its end once, then a row group by one request."""

import io
from typing import Any

from pipeline.datasets.arrow import arrow
from pipeline.storage import Storage

END = 64 * 1024
"""bytes fetched of a file's end: the footer of most files"""


class Ranged(io.RawIOBase):
    """Bytes of a file of known size. What was fetched last is kept; other places are fetched as they are asked for.

    For one thread at a time.
    """

    def __init__(self, storage: Storage, name: str, size: int) -> None:
        super().__init__()
        self._storage, self._name, self._size = storage, name, size
        self._place = 0
        start = max(0, size - END)
        self._end = (start, storage.get_range(name, start, size - start))
        self._kept = (0, b"")
        self.metadata: Any = arrow().parquet.read_metadata(self)

    def fetch(self, start: int, size: int) -> None:
        """Have these bytes at hand."""
        if start < self._end[0]:
            self._kept = (start, self._storage.get_range(self._name, start, size))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._place = place + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def read(self, size: int = -1) -> bytes:
        start, stop = self._place, self._size if size < 0 else min(self._size, self._place + size)
        for at, data in (self._kept, self._end):
            if at <= start and stop <= at + len(data):
                break
        else:
            at, data = start, self._storage.get_range(self._name, start, stop - start)
        self._place = stop
        return data[start - at : stop - at]


def group_span(metadata: Any, group: int) -> tuple[int, int]:
    """Where a row group's columns begin in the file, and how many bytes they are."""
    row_group = metadata.row_group(group)
    columns = [row_group.column(number) for number in range(row_group.num_columns)]
    starts = [min(filter(None, (column.dictionary_page_offset, column.data_page_offset))) for column in columns]
    ends = [start + column.total_compressed_size for start, column in zip(starts, columns, strict=True)]
    return min(starts), max(ends) - min(starts)
