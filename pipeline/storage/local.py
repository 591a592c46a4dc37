"""A folder of this machine, or of a share that it has mounted."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from pipeline.errors import InputError, OutputError
from pipeline.files import MARK, copy_whole, create_whole, explained, write_whole
from pipeline.folders import DEEPEST, tree
from pipeline.missing import missing
from pipeline.safe_open import regular
from pipeline.storage.base import LARGEST, Entry, Storage, checked, refuse_long


class LocalStorage(Storage):
    """Writes by temporary file, fsync and rename or link: a name is there whole or not at all, also after a power cut."""

    folder: Path

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, os.fspath(folder)

    @classmethod
    def opened(cls, url: str, options: Mapping[str, str]) -> Self:
        return cls(Path(url.removeprefix("file://")))

    def get(self, name: str) -> bytes:
        with self._reading(name) as path, regular(path) as file:
            refuse_long(os.fstat(file.fileno()).st_size, LARGEST, path)  # read(most) would make room for most at once
            return file.read()

    def get_range(self, name: str, start: int, size: int) -> bytes:
        with self._reading(name) as path, regular(path) as file:
            return os.pread(file.fileno(), size, start)

    def head(self, name: str) -> Entry:
        with self._reading(name) as path:
            found = path.stat()
        return Entry(name=name, size=found.st_size, modified=found.st_mtime, version=f"{found.st_mtime_ns}-{found.st_ino}")

    def put(self, name: str, data: bytes) -> None:
        write_whole(self._place(name), data)

    def put_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:  # our own, in a private folder
            copy_whole(file, self._place(name))

    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        return create_whole(self._place(name), data, durable=durable)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        within, _, beginning = prefix.rpartition("/")
        root = len(os.path.join(self.folder, ""))
        first = (entry for entry in self._listed(os.path.join(self.folder, within)) if entry.name.startswith(beginning))
        for found in tree(first, self._inside):
            with contextlib.suppress(OSError):  # it went while we looked, or is a link that leads to itself
                if found.is_file():
                    stat = found.stat()
                    yield Entry(name=found.path[root:], size=stat.st_size, modified=stat.st_mtime)

    def left_out(self) -> Iterator[tuple[str, str]]:
        root, closed = len(os.path.join(self.folder, "")), list[str]()
        for found in tree(self._listed(os.path.join(self.folder, "")), lambda entry: self._inside(entry, closed.append)):
            if found.is_symlink() and not os.path.exists(found.path):
                yield found.path[root:], "not_found"
        yield from ((path[root:], "unreadable") for path in closed)

    def _inside(
        self, entry: os.DirEntry[str], closed: Callable[[str], None] = lambda path: None
    ) -> Sequence[os.DirEntry[str]] | None:
        """What lies in a folder in ours, nothing where it may not be looked into (lost+found), which ``closed`` hears of; None of a file."""
        if not entry.is_dir(follow_symlinks=False):
            return None
        try:
            return self._listed(entry.path)
        except InputError:
            closed(entry.path)
            return ()

    def delete(self, name: str) -> None:
        path = self.folder / checked(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise explained(path, error) from error

    def _listed(self, folder: str) -> Sequence[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return sorted((entry for entry in found if MARK not in entry.name), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise InputError("unreadable", f"{folder} can't be read: {error.strerror}", path=folder) from error

    def _place(self, name: str) -> Path:
        path = self.folder / checked(name)
        if name.count("/") > 2 * DEEPEST:
            raise OutputError("bad_name", f"a name of {name.count('/')} folders inside each other is made by nobody but to harm")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(path.parent, error) from error
        return path

    @contextlib.contextmanager
    def _reading(self, name: str) -> Iterator[Path]:
        path = self.folder / checked(name)
        try:
            yield path
        except (FileNotFoundError, NotADirectoryError) as error:
            raise InputError("not_found", f"{path}: {missing(path)}", path=path) from error
        except OSError as error:
            raise InputError("unreadable", f"{path} can't be read: {error.strerror or error}", path=path) from error
