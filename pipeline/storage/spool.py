"""Films of a storage as files of this machine, for as long as they are read: so a decoder has a plain file, and the disk a bound.

A film comes whole, by several requests at once for PIECE bytes each: sampled frames lie all over a film, so reading it in place
would fetch all of it too, one wait after the other. Of a film of which a part is described, that part may do (pipeline/media/film_part.py);
one that is larger than the bound comes while it is read (pipeline/media/film_feed.py).
"""

import asyncio
import contextlib
import ctypes
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.files import explained
from pipeline.storage.base import Entry, Storage
from pipeline.stretch import Arriving

PIECE = 8 * 1024 * 1024
AT_ONCE = 4
"""pieces of a film that are fetched at the same time"""
GIB = 1 << 30
MP4_COMES = "or have it as MP4 (ffmpeg -i FILM -c copy FILM.mp4): with H.264 or HEVC that needs no more room than there is"
WHOLE_HERE = "caption and annotate, as one process and without copies of the film, read an MP4 with H.264 or HEVC in the room that there is"
KEEP_SIZE, PUNCH_HOLE = 1, 2
"""fallocate(2)"""
_fallocate = ctypes.CDLL(None, use_errno=True).fallocate
_fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file of a storage, as it was found."""

    storage: Storage
    entry: Entry

    @property
    def url(self) -> str:
        return f"{self.storage.url}/{self.entry.name}"


class Spool:
    """At most ``most`` bytes of films that are files of this machine. Of one event loop."""

    def __init__(self, most: int) -> None:
        self.most, self.used = most, 0
        self._freed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def here(
        self, remote: Remote, path: Path, some: "Some | None" = None, large: "Large | None" = None
    ) -> AsyncIterator[Arriving | None]:
        """While the block runs, the film is at ``path``; it begins when there is room for it. ``some`` fetches what is needed of it,
        and says whether that was possible; otherwise it comes whole. ``large``: how one comes that there is never room for; what it
        gives is to be told by whoever reads what is needed.

        Raises InputError ``spool_too_small``, ``source_changed`` and what reading raises; OutputError ``no_space``, ``unwritable``.
        """
        size = remote.entry.size
        if some is None and large is None:
            refuse_too_large(remote, self.most, WHOLE_HERE)
        room = min(size, self.most)  # of a part nobody knows yet how much it is
        async with self._freed:
            await self._freed.wait_for(lambda: self.used + room <= self.most)
            self.used += room
        arriving: Arriving | None = None
        try:
            arriving = await _fetched(remote, path, self.most, some, large)
            yield arriving
        finally:
            if arriving is not None:
                await asyncio.shield(asyncio.to_thread(arriving.close))
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            async with self._freed:
                self.used -= room
                self._freed.notify_all()


async def _fetched(remote: Remote, path: Path, most: int, some: "Some | None", large: "Large | None") -> Arriving | None:
    """``some`` of a file, ``large``, or ``fetch``, in a thread. Cancelled, it ends after the pieces that are on their way: until then the thread
    writes the file."""
    stop = threading.Event()

    def copied() -> Arriving | None:
        if some is not None and some(remote, path, most, stop):
            return None
        if large is not None and remote.entry.size > most and (arriving := large(remote, path, most, stop)) is not None:
            return arriving
        refuse_too_large(remote, most, MP4_COMES if large or some else WHOLE_HERE)
        fetch(remote, path, stop)
        return None

    work = asyncio.ensure_future(asyncio.to_thread(copied))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({work})
        # its exception is asked for, or asyncio says that nobody did
        if not work.cancelled() and work.exception() is None and (arriving := work.result()) is not None:
            arriving.close()
        raise


def fetch(remote: Remote, path: Path, stop: threading.Event | None = None) -> None:
    """Copy a file here, whole and of one version, with its time of change. Blocks. Raises as ``Spool.here``.

    Once ``stop`` is set nothing further is asked of the storage, and the copy is not whole.
    """
    with Copy.begun(remote, path, stop) as copy:
        copy.take(range(remote.entry.size))
    if not copy.stop.is_set():
        refuse_changed(remote)


def fetch_ends(remote: Remote, path: Path) -> None:
    """Copy the first and the last piece of a film here, and nothing between: enough for what its container says of it, where that
    is kept at an end. Blocks. Raises as ``Spool.here``."""
    size = remote.entry.size
    with Copy.begun(remote, path) as copy:
        copy.take(range(min(PIECE, size)), range(max(PIECE, size - PIECE), size))


def refuse_too_large(remote: Remote, most: int, otherwise: str) -> None:
    """Raise InputError ``spool_too_small`` where the file has more than so many bytes. ``otherwise``: what can be done without the room."""
    if remote.entry.size > most:
        text = f"{remote.url} has {remote.entry.size / GIB:.1f} GiB, more than --spool-gb allows"
        raise InputError(
            "spool_too_small", f"{text}; raise it, where the temporary folder has room; {otherwise}", size=remote.entry.size
        )


def refuse_changed(remote: Remote) -> None:
    """Raise InputError ``source_changed`` where the file is not the one that was listed."""
    now = remote.storage.head(remote.entry.name)
    if (now.size, now.version) != (remote.entry.size, remote.entry.version or now.version):
        raise InputError("source_changed", f"{remote.url} changed while it was read; describe it when it is complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file of this machine, as long as the remote one, with nothing in it but what was taken. For one thread."""

    remote: Remote
    path: Path
    fd: int
    stop: threading.Event
    """once it is set, nothing further is taken"""

    @classmethod
    @contextlib.contextmanager
    def begun(cls, remote: Remote, path: Path, stop: threading.Event | None = None) -> "Iterator[Copy]":
        """Has the remote file's time of change when the block ends. Raises OutputError ``no_space``, ``unwritable``."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explained(path, error) from error
        try:
            os.ftruncate(fd, remote.entry.size)
            copy = cls(remote=remote, path=path, fd=fd, stop=stop or threading.Event())
            yield copy
            copy.stamp()
        except OSError as error:
            raise explained(path, error) from error
        finally:
            os.close(fd)

    def stamp(self) -> None:
        """Give it the remote file's time of change: by it a journal knows its film again, and nobody takes it for another one."""
        os.utime(self.fd, ns=(stamp(self.remote.entry).mtime_ns,) * 2)

    def drop(self, span: range) -> None:
        """Give the room of these bytes back. Raises InputError ``spool_too_small`` where the file system can't."""
        if _fallocate(self.fd, PUNCH_HOLE | KEEP_SIZE, span.start, len(span)):
            text = f"{self.remote.url} has more bytes than --spool-gb allows, and the file system of {self.path.parent} gives nothing back"
            raise InputError(
                "spool_too_small", f"{text} of a file ({os.strerror(ctypes.get_errno())}); raise it, or name another TMPDIR"
            )

    def take(self, *spans: range) -> None:
        """Fetch these bytes, several pieces at once. Blocks. Raises InputError, OutputError."""
        pieces = [range(at, min(at + PIECE, span.stop)) for span in spans for at in range(span.start, span.stop, PIECE)]
        with ThreadPoolExecutor(min(AT_ONCE, len(pieces)) or 1, thread_name_prefix="fetch") as threads:
            for _ in threads.map(self._piece, pieces):
                pass

    def _piece(self, piece: range) -> None:
        if self.stop.is_set():
            return
        data = self.remote.storage.get_range(self.remote.entry.name, piece.start, len(piece))
        if len(data) != len(piece):
            raise InputError("source_changed", f"{self.remote.url} is shorter than it was when it was listed")
        try:
            os.pwrite(self.fd, data, piece.start)
        except OSError as error:
            raise explained(self.path, error) from error


def stamp(entry: Entry) -> FileVersion:
    """The version that ``fetch`` gives the file of this machine."""
    return FileVersion.bounded(entry.size, round(entry.modified * 1e6) * 1000)


Large = Callable[[Remote, Path, int, threading.Event], Arriving | None]
"""begins a file that is larger than the room for it, so many bytes at most; None where it can't come while it is read. Blocks; raises as
``Spool.here``"""
Some = Callable[[Remote, Path, int, threading.Event], bool]
"""copies of a file what is needed of it, so many bytes at most and until it is told to stop; False where it can't be less than the whole.
Blocks; raises as ``Spool.here``"""
