"""Reading and appending where others may have put something in the way: a pipe, a device, a link, a file without end.

Reading is ``models.bounded``'s, which both packages share.
"""

import os
from pathlib import Path
from typing import IO, BinaryIO

from models.bounded import MEGABYTE, opened, read_bytes, read_text

__all__ = ["MEGABYTE", "append", "lines_of", "read_bytes", "read_text", "regular", "starts_with"]


def starts_with(path: Path, mark: bytes, within: int) -> bool:
    """Whether ``mark`` stands in the first ``within`` bytes of a regular file. Raises OSError."""
    with opened(path, os.O_RDONLY, True) as file:
        return mark in file.read(within)


def append(path: Path, *, create: bool = False) -> BinaryIO:
    """A regular file that is there already (``create``: or is made), open for appending; no link is followed, and a file that has
    a second name is refused. Raises OSError."""
    return opened(path, os.O_WRONLY | os.O_APPEND | (os.O_CREAT if create else 0), False)


def regular(path: Path) -> BinaryIO:
    """A regular file, however long or still growing, open for reading; a link to one too. Raises OSError."""
    return opened(path, os.O_RDONLY, True)


def lines_of(path: Path) -> BinaryIO:
    """A regular file of our own writing, to be read line by line however long it is; no link is followed. Raises OSError."""
    return opened(path, os.O_RDONLY, False)


def stands_at(path: Path, file: IO[bytes]) -> bool:
    """Whether an open file still has this name: what is written into one that was taken away nobody finds again.

    Another number under the name is not enough to say so: some shares give one file several, one after the other.
    """
    try:
        there, ours = os.lstat(path), os.fstat(file.fileno())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a share that does not answer: writing says so
        return True
    return os.path.samestat(there, ours) or ours.st_nlink > 0
