"""A storage in place of a watched folder: listed again and again, since no storage tells what arrives.

A file of a bucket is there whole or not at all, so it is taken as soon as it is seen; of storages that promise no such thing
(SFTP) when two looks in a row have seen the same.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ScenescribeError
from pipeline.file_version import FileVersion
from pipeline.storage import Storage
from pipeline.storage.spool import stamp
from pipeline.store.identity import Found
from pipeline.watch.folder import _NONE, RESCAN, Folder, _Orders
from pipeline.watch.rules import SKIP_MARK, Rules


class Bucket(Folder):
    """``async for batch in bucket.arrivals()``, as of a folder; paths are those that stand for its files."""

    def __init__(self, storage: Storage, rules: Rules, *, poll: float, known: dict[Path, FileVersion], gone: float = 5.0) -> None:
        super().__init__(rules, settle=0.0, poll=poll or RESCAN, known=known, gone=gone)
        self.storage = storage
        self._there: dict[Path, FileVersion] = {}
        self._first: dict[Path, float] = {}
        """file that is not taken yet -> when it was first seen"""

    def look(self, orders: _Orders = _NONE) -> list[Found]:
        self._take(orders)
        if self.clock() < self._rescan_at and not orders.again:
            return []
        before = self._there
        try:
            self._there = {self.rules.root / entry.name: stamp(entry) for entry in self.storage.list()}
        except ScenescribeError as error:
            self.trouble, self._rescan_at = OSError(error.message), self.clock()
            return []
        self.trouble, self.scans = None, self.scans + 1
        self._rescan_at = self.clock() + self.poll
        found, first = [], dict[Path, float]()
        for path in self._taken():
            name, version = str(path), self._there[path]
            if self._seen.get(name) == version:
                continue
            if self.storage.whole or before.get(path) == version:
                self._seen[name] = version
                found.append(Found(path, version))
            else:
                first[path] = self._first.get(path, self.clock())
        self._first = first
        self._seen = {name: version for name, version in self._seen.items() if Path(name) in self._there}
        return found

    @property
    def quiet(self) -> bool:
        return super().quiet and all(str(path) in self._seen for path in self._taken())

    def changing(self, longer: float) -> list[Path]:
        now = self.clock()
        return [path for path, first in self._first.items() if now - first >= max(longer, 2 * self.poll)]

    def _taken(self) -> Iterator[Path]:
        left_out = {path.parent for path in self._there if path.name == SKIP_MARK}
        for path in self._there:
            folders = path.parents[: len(path.relative_to(self.rules.root).parts)]
            if (
                left_out.isdisjoint(folders)
                and all(self.rules.enters(folder) for folder in folders[:-1])
                and self.rules.takes(path, self._there.__contains__)
            ):
                yield path
