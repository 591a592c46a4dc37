"""Which version of a file it is, by what ``stat`` says of it: the one notion of it in the house."""

import os
from pathlib import Path
from typing import Literal, NamedTuple, Self

Change = Literal["same", "changed", "vanished"]


class FileVersion(NamedTuple):
    """Size and time of change. Not the inode: some network file systems give a file a new one at each look."""

    size: int
    """bytes"""
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        return cls(status.st_size, status.st_mtime_ns)

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
