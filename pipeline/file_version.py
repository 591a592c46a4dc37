"""Which version of a file it is, by what ``stat`` says of it: the one notion of it in the house."""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, NamedTuple, Self

Change = Literal["same", "changed", "vanished"]
PIECES, PIECE = 16, 64 * 1024
"""evenly spread, bytes of each: what is read of a file to see that it is another one"""
LEAST: Final = -(1 << 63)
MOST: Final = (1 << 63) - 1
"""what a database and other programs hold of a whole number; as nanoseconds the years 1677 and 2262, past which clocks are wrong"""


class FileVersion(NamedTuple):
    """Size and time of change. Not the inode: some network file systems give a file a new one at each look.

    Made by ``of``, ``at`` and ``bounded``, both are numbers of 64 bits: what lies beyond is the last that is.
    """

    size: int
    """bytes"""
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        return cls.bounded(status.st_size, status.st_mtime_ns)

    @classmethod
    def bounded(cls, size: int, mtime_ns: int) -> Self:
        """The version of a file whose size and time somebody else says."""
        return cls(min(size, MOST), min(max(mtime_ns, LEAST), MOST))

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """The version that is there now; None where there is none that can be looked at."""
        try:
            return cls.of(path.stat())
        except OSError:
            return None

    def change_at(self, path: Path) -> Change:
        """What became of the file that had this version."""
        now = FileVersion.at(path)
        return "vanished" if now is None else "same" if now == self else "changed"


def sample(descriptor: int, size: int, *, digits: int = 32) -> str:
    """A hash of an open file's size and of pieces of it, 1 MiB in all: unequal samples, unequal files. Raises OSError."""
    made = blake2b(str(size).encode(), digest_size=digits // 2)
    for i in range(PIECES):
        made.update(os.pread(descriptor, PIECE, max(0, size - PIECE) * i // (PIECES - 1)))
    return made.hexdigest()
