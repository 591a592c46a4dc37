"""What a film is, whatever it is called: its content.

    sample   size and 16 pieces of 64 KiB, evenly spread     1 MiB read; unequal samples: unequal films, at once
    whole    BLAKE2b over every byte                         equal: the same film, for certain

A film whose sample nobody has is new, and need not wait for the whole hash: that runs beside the decoder, over pages that the
decoder reads too. Only where the sample is known must the whole hash come first (docs/decisions/0050).
"""

import errno
import os
import threading
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import InputError
from pipeline.file_version import FileVersion, sample

BLOCK = 1024 * 1024


class Found(NamedTuple):
    """A file in a version that stood still."""

    path: Path
    stamp: FileVersion


class Opened:
    """A film's bytes by an open descriptor: they stay the same film's where the name has gone. A context manager."""

    def __init__(self, path: Path, expected: FileVersion) -> None:
        """Raises InputError ``not_found``, ``unreadable``, ``source_changed`` (it is not the version that was expected)."""
        self.path, self.stamp = path, expected
        self.cancel = threading.Event()
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(error) from error
        try:
            self._check()
        except InputError:
            self.close()
            raise

    def sample(self) -> str:
        """The quick half of the identity. Raises InputError."""
        try:
            return f"{self.stamp.size}-{sample(self._fd, self.stamp.size)}"
        except OSError as error:
            raise unreadable(error) from error

    def whole(self) -> str:
        """The whole identity, as long as it takes; ``cancel`` ends it early. Raises InputError."""
        made, at = blake2b(digest_size=32), 0
        try:
            while block := os.pread(self._fd, BLOCK, at):
                if self.cancel.is_set():
                    raise InputError("cancelled", "hashing was stopped")
                made.update(block)
                at += len(block)
            self._check()
        except OSError as error:
            raise unreadable(error) from error
        return f"blake2b:{made.hexdigest()}"

    def _check(self) -> None:
        if FileVersion.of(os.fstat(self._fd)) != self.stamp:
            raise InputError("source_changed", "the file was written to; it is taken again when it has settled")

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unreadable(error: OSError) -> InputError:
    """What an OSError of reading a film means."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InputError("not_found", "the file is gone")
    return InputError("unreadable", f"the file can't be read ({error.strerror or error})")
