"""A file in a storage as one that can be read and sought: what readers of tars and of Parquet want."""

import io

from pipeline.storage.base import Storage

PIECE = 4 << 20
"""bytes of a read from a storage elsewhere"""
NEAR = 64 << 10
"""the same from a disk, where a read costs nothing but its bytes"""


class RangedFile(io.RawIOBase):
    """Reads in pieces, of which it keeps the last one."""

    def __init__(self, storage: Storage, name: str, size: int) -> None:
        self._storage, self._name, self._size = storage, name, size
        self._piece = NEAR if storage.folder is not None else PIECE
        self._at = self._start = 0
        self._kept = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def size(self) -> int:
        return self._size

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Raises InputError."""
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        wanted = max(0, end - self._at)
        if not self._start <= self._at <= end <= self._start + len(self._kept):
            self._kept = self._storage.get_range(self._name, self._at, max(wanted, min(self._piece, self._size - self._at)))
            self._start = self._at
        data = self._kept[self._at - self._start : self._at - self._start + wanted]
        self._at += len(data)
        return data

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
