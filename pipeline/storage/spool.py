"""Films of a storage as files of this machine, for as long as they are read: so a decoder has a plain file, and the disk a bound.

A film comes whole, by several requests at once for PIECE bytes each: sampled frames lie all over a film, so reading it in place
would fetch all of it too, one wait after the other.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.files import explained
from pipeline.storage.base import Entry, Storage

PIECE = 8 * 1024 * 1024
AT_ONCE = 4
"""pieces of a film that are fetched at the same time"""
GIB = 1 << 30


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
    async def here(self, remote: Remote, path: Path) -> AsyncIterator[None]:
        """While the block runs, the film is at ``path``; it begins when there is room for it.

        Raises InputError ``spool_too_small``, ``source_changed`` and what reading raises; OutputError ``no_space``, ``unwritable``.
        """
        size = remote.entry.size
        if size > self.most:
            text = f"{remote.url} has {size / GIB:.1f} GiB, more than --spool-gb allows"
            raise InputError("spool_too_small", f"{text}; raise it, where the temporary folder has room", size=size)
        async with self._freed:
            await self._freed.wait_for(lambda: self.used + size <= self.most)
            self.used += size
        try:
            await _fetched(remote, path)
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            async with self._freed:
                self.used -= size
                self._freed.notify_all()


async def _fetched(remote: Remote, path: Path) -> None:
    """``fetch`` in a thread. Cancelled, it ends after the pieces that are on their way: until then the thread writes the file."""
    stop = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(fetch, remote, path, stop))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # asked for, or asyncio says that nobody did
        raise


def fetch(remote: Remote, path: Path, stop: threading.Event | None = None) -> None:
    """Copy a file here, whole and of one version, with its time of change. Blocks. Raises as ``Spool.here``.

    Once ``stop`` is set nothing further is asked of the storage, and the copy is not whole.
    """
    size, stop = remote.entry.size, stop or threading.Event()
    _fetch(remote, path, range(0, size, PIECE), stop)
    if stop.is_set():
        return
    now = remote.storage.head(remote.entry.name)
    if (now.size, now.version) != (size, remote.entry.version or now.version):
        raise InputError("source_changed", f"{remote.url} changed while it was read; describe it when it is complete")


def fetch_ends(remote: Remote, path: Path) -> None:
    """Copy the first and the last piece of a film here, and nothing between: enough for what its container says of it, where that
    is kept at an end. Blocks. Raises as ``Spool.here``."""
    last = max(0, remote.entry.size - PIECE)
    _fetch(remote, path, sorted({0, last}), threading.Event())


def _fetch(remote: Remote, path: Path, starts: Iterable[int], stop: threading.Event) -> None:
    name, size = remote.entry.name, remote.entry.size
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise explained(path, error) from error

    def piece(start: int) -> None:
        if stop.is_set():
            return
        data = remote.storage.get_range(name, start, min(PIECE, size - start))
        if len(data) != min(PIECE, size - start):
            raise InputError("source_changed", f"{remote.url} is shorter than it was when it was listed")
        try:
            os.pwrite(descriptor, data, start)
        except OSError as error:
            raise explained(path, error) from error

    try:
        os.ftruncate(descriptor, size)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as threads:
            for _ in threads.map(piece, starts):
                pass
        os.utime(descriptor, ns=(stamp(remote.entry).mtime_ns,) * 2)  # by it a journal knows its film again
    except OSError as error:
        raise explained(path, error) from error
    finally:
        os.close(descriptor)


def stamp(entry: Entry) -> FileVersion:
    """The version that ``fetch`` gives the file of this machine."""
    return FileVersion(entry.size, round(entry.modified * 1e6) * 1000)
