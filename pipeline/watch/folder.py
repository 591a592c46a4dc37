"""Files that have settled, as they do: events where the system sends them, a full look at the folder all the same.

    new or changed   ->  candidate  -- size and mtime stand still for ``settle`` seconds -->  found
                             ^  `-- changed: the seconds count anew --'
                             `-- not here any more: dropped

Network shares send no events and a queue of events can overflow, so events are only hints: what they name is looked at, and
the rescan finds the rest. Time is the monotonic clock; a file's own times are compared with each other alone.
"""

import asyncio
import contextlib
import os
import stat
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.file_version import FileVersion
from pipeline.folders import is_folder, tree
from pipeline.inputs import WRITTEN
from pipeline.store.identity import Found
from pipeline.watch.candidates import Candidates
from pipeline.watch.events import events
from pipeline.watch.rules import Rules, listed

RESCAN = 60.0
"""seconds between full looks where events are listened to"""


@dataclass(slots=True)
class _Orders:
    """What the next turn is told; made on the event loop, read on the folder's thread."""

    hints: set[Path] = field(default_factory=set)
    again: set[Path] = field(default_factory=set)
    known: Mapping[Path, FileVersion] | None = None
    rescan: bool = False


_NONE = _Orders()


class Folder:
    """``async for batch in folder.arrivals()`` yields each version of each file once."""

    def __init__(
        self,
        rules: Rules,
        *,
        settle: float,
        poll: float,
        known: Mapping[Path, FileVersion],
        gone: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``known`` are versions that need not be yielded again, ``gone`` seconds between looks for a folder that is not there."""
        self.rules, self.settle, self.poll, self.gone, self.clock = rules, settle, poll, gone, clock
        self.trouble: OSError | None = None
        """why the folder can't be looked at, while it can't"""
        self.scans = 0
        self._seen = {os.fspath(path): stamp for path, stamp in known.items()}  # text: a Path costs five times as much
        self._waiting = Candidates()
        self._orders = _Orders()
        self._looking = False
        self._identity: tuple[int, int] | None = None
        self._wake = asyncio.Event()
        self._rescan_at = clock()

    @property
    def quiet(self) -> bool:
        """Every settled file was yielded, and nothing is pending."""
        return self.scans > 0 and not self._looking and not self._waiting and not self._orders.again

    def changing(self, longer: float) -> list[Path]:
        """Files that have been waited for so many seconds, and for much longer than it takes one that stands still."""
        return [Path(path) for path in self._waiting.changing(self.clock(), max(longer, 2 * self.settle))]

    def again(self, path: Path) -> None:
        """Yield this file once more when it has settled: the version that was yielded is not there any more."""
        self._orders.again.add(path)
        self._wake.set()

    def reset(self, known: Mapping[Path, FileVersion]) -> None:
        """Take over what is known now, and look at everything."""
        self._orders.known = known
        self._wake.set()

    async def arrivals(self) -> AsyncGenerator[list[Found], None]:
        """Batches of settled files, for ever. Closing the iterator ends what it started."""
        threads = ThreadPoolExecutor(1, thread_name_prefix="folder")  # a share that hangs holds up this one alone
        loop = asyncio.get_running_loop()
        listener: asyncio.Task[None] | None = None
        listened = None
        try:
            while True:
                self._wake.clear()
                self._looking = True
                orders, self._orders = self._orders, _Orders()
                if found := await loop.run_in_executor(threads, self.look, orders):
                    yield found
                self._looking = False  # not before what was found is queued
                if self.poll == 0 and self._identity != listened:  # at first, and where a share was mounted anew
                    if listener is not None:
                        listener.cancel()
                    listener, listened = asyncio.create_task(self._listen()), self._identity
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._wake.wait()
        finally:
            if listener is not None:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)
            threads.shutdown(wait=False, cancel_futures=True)

    def look(self, orders: _Orders = _NONE) -> list[Found]:
        """One turn: hints, a rescan where it is due, candidates. Returns what has settled."""
        self._take(orders)
        try:
            status = self.rules.root.stat()
            if not stat.S_ISDIR(status.st_mode):
                raise NotADirectoryError("not a folder")
            self._identity = (status.st_dev, status.st_ino)
            if self.clock() >= self._rescan_at:
                self._rescan()
            else:
                for path in orders.hints | orders.again:
                    self._hint(path)
            self.trouble = None
        except OSError as error:
            self.trouble, self._rescan_at = error, self.clock()
            return []
        return list(self._settled())

    def _take(self, orders: _Orders) -> None:
        if orders.known is not None:
            self._seen = {os.fspath(path): stamp for path, stamp in orders.known.items()}
        if orders.rescan or orders.known is not None:
            self._rescan_at = self.clock()
        for path in orders.again:
            self._seen.pop(os.fspath(path), None)

    def _pause(self) -> float:
        if self.trouble is not None:
            return self.gone
        now = self.clock()
        due = min((candidate.due for candidate in self._waiting.values()), default=self._rescan_at)
        return max(0.02, min(due, self._rescan_at) - now)

    def _rescan(self) -> None:
        there = set(self._films(os.fspath(self.rules.root)))
        known: dict[str, Any]
        for known in (self._seen, self._waiting):
            for path in [path for path in known if path not in there]:
                del known[path]
        self.scans += 1
        self._rescan_at = self.clock() + (self.poll or RESCAN)

    def _films(self, folder: str) -> Iterator[str]:
        """Every film below a folder; each is considered as it is met. Raises OSError where the folder itself can't be read."""
        plain = not (self.rules.include or self.rules.exclude)
        for entry in tree(listed(folder), self._inside):
            if isinstance(entry, str):
                yield entry
                continue
            with contextlib.suppress(OSError):  # gone between the listing and the look
                if self._is_film(entry, plain) and stat.S_ISREG((status := entry.stat()).st_mode):
                    self._consider(entry.path, FileVersion.of(status))
                    yield entry.path

    def _inside(self, entry: os.DirEntry[str] | str) -> Sequence[os.DirEntry[str] | str] | None:
        """What a folder holds, as far as it may be entered; None where it is none."""
        if isinstance(entry, str) or not is_folder(entry):
            return None
        if not self.rules.enters(Path(entry.path)):
            return ()
        try:
            return listed(entry.path)
        except OSError:  # not readable just now: what is known below it stays known
            return [path for path in (*self._seen, *self._waiting) if path.startswith(entry.path + os.sep)]

    def _is_film(self, entry: os.DirEntry[str], plain: bool) -> bool:
        if not self.rules.may_take(entry.name):
            return False
        if not (plain and not any(word in entry.name.casefold() for word in WRITTEN)) and not self.rules.takes(Path(entry.path)):
            return False
        return not entry.is_symlink() or self.rules.stays_inside(Path(entry.path))

    def _hint(self, path: Path) -> None:
        """Look at one path that something was said about."""
        if not self.rules.reaches(path):
            return
        try:
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                if self.rules.enters(path):
                    with contextlib.suppress(OSError):  # not readable just now
                        deque(self._films(os.fspath(path)), maxlen=0)
                return
            if stat.S_ISLNK(status.st_mode):
                if not self.rules.stays_inside(path):
                    return
                status = path.stat()
        except OSError:
            self._seen.pop(os.fspath(path), None)
            self._waiting.pop(os.fspath(path), None)
            return
        if stat.S_ISREG(status.st_mode) and self.rules.takes(path):
            self._consider(os.fspath(path), FileVersion.of(status))

    def _consider(self, path: str, stamp: FileVersion) -> None:
        if self._seen.get(path) == stamp:
            self._waiting.pop(path, None)
            return
        self._waiting.see(path, stamp, self.clock())

    def _settled(self) -> Iterable[Found]:
        for path, stamp in self._waiting.settled(self.clock(), self.settle):
            self._seen[path] = stamp
            yield Found(Path(path), stamp)

    async def _listen(self) -> None:
        """Take events as hints; without events the rescan goes on alone."""
        async for named in events(self.rules.root, recursive=self.rules.recursive, retry=RESCAN):
            self._orders.rescan |= named is None  # what came after the look and before events could be heard is found now
            self._orders.hints |= named or set()
            self._wake.set()
