"""Sources that have an end, standard input and a file that grows: whether they could give anything more, and what is new of them.

A camera that is away comes back; these do not, and to try them again for ever would tell nobody that nothing came of them. A file whose
reading process died is read again from its beginning: what was seen of it before is no news.
"""

import os
import select
import stat
import time
from dataclasses import replace
from pathlib import Path

from pipeline.accident import failure
from pipeline.errors import InputError, ScenescribeError
from pipeline.live.address import Address, Kind
from pipeline.video.live.messages import Copied, Ended, Frame

READABLE = "; MPEG-TS, Matroska, FLV and fragmented MP4 can be read as they come"


class Ending:
    """Asked after each connection that failed."""

    def __init__(self, address: Address, idle_end: float) -> None:
        """``idle_end``: seconds without growth after which a file is held to be whole."""
        self._address, self._idle_end = address, idle_end
        self._size, self._since = -1, 0.0

    def words(self, *, ended: bool, seen: bool) -> str:
        """Why no new try is of use; empty where one may be. ``ended``: it came to its end, and broke off nowhere. ``seen``: there
        were pictures in it; else it is said what can be read."""
        hint = "" if seen else READABLE
        if self._address.kind is Kind.STDIN:
            return f"standard input has ended{hint}" if exhausted(0) else ""
        if self._address.kind is not Kind.GROWING:
            return ""
        try:
            size = os.stat(self._address.url).st_size
        except OSError:  # removed, to be written anew perhaps
            size = -1
        now = time.monotonic()
        if size != self._size:
            self._size, self._since = size, now
        return f"the file does not grow{hint}" if ended or now - self._since >= self._idle_end else ""


class Unseen:
    """Told the pictures and pieces of a file, those of each connection from its beginning; passes on what was not there before."""

    def __init__(self) -> None:
        self._seen: tuple[int, float] = (-1, 0.0)
        self._copied: tuple[int, float] = (-1, 0.0)
        self.connect()

    def connect(self) -> None:
        """From the beginning again."""
        self._skipped = -1
        """the epoch of which pictures were left out"""
        self._begin: tuple[float, float] | None = None

    def frame(self, told: Frame) -> Frame | None:
        place = (told.epoch, told.time)
        if place <= self._seen:
            self._skipped = told.epoch
            return None
        self._seen = place
        if told.epoch != self._skipped:
            return told
        # its beginning was told of before: for this connection it begins here
        self._begin = self._begin or (told.time, told.arrival)
        return replace(told, begin=self._begin)

    def piece(self, told: Copied) -> Copied | None:
        place = (told.epoch, told.end)
        if place <= self._copied:
            return None
        self._copied = place
        return told


def exhausted(fd: int) -> bool:
    """Whether a descriptor that was read from has nothing more and never will."""
    try:
        told = os.fstat(fd)
        if stat.S_ISREG(told.st_mode):
            return os.lseek(fd, 0, os.SEEK_CUR) >= told.st_size
        if stat.S_ISCHR(told.st_mode):
            return not os.isatty(fd)  # /dev/null, which is always readable and always at its end
        asked = select.poll()
        asked.register(fd, select.POLLIN)
        found = dict(asked.poll(0)).get(fd, 0)
        return bool(found & (select.POLLHUP | select.POLLERR)) and not found & select.POLLIN
    except OSError:  # it is closed
        return True


def by_error(stream: str, error: Exception) -> Ended:
    """How a connection ended that raised this; an accident is its own, another is made as after a loss.

    Raises the error itself where it stands in the way of every connection: EnvironmentFault, UsageError.
    """
    if isinstance(error, ScenescribeError) and not isinstance(error, InputError):
        raise error
    told = error if isinstance(error, InputError) else failure(Path(stream), error)
    return Ended(code=told.code, message=told.message)
