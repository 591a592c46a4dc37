"""Whether a source that has an end could give anything more: standard input that is read to its end, a file that grows no longer.

A camera that is away comes back; these do not, and to try them again for ever would tell nobody that nothing came of them.
"""

import os
import select
import stat
import time

from pipeline.live.address import Address, Kind

READABLE = "MPEG-TS, Matroska, FLV and fragmented MP4 can be read as they come"


class Ending:
    """Asked after each connection that failed."""

    def __init__(self, address: Address, idle_end: float) -> None:
        """``idle_end``: seconds without growth after which a file is held to be whole."""
        self._address, self._idle_end = address, idle_end
        self._size, self._since = -1, 0.0

    def words(self, ended: bool) -> str:
        """Why no new try is of use; empty where one may be. ``ended``: it came to its end, and broke off nowhere."""
        if self._address.kind is Kind.STDIN:
            return f"standard input has ended; {READABLE}" if exhausted(0) else ""
        if self._address.kind is not Kind.GROWING:
            return ""
        try:
            size = os.stat(self._address.url).st_size
        except OSError:  # removed, to be written anew perhaps
            size = -1
        now = time.monotonic()
        if size != self._size:
            self._size, self._since = size, now
        return f"the file does not grow; {READABLE}" if ended or now - self._since >= self._idle_end else ""


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
