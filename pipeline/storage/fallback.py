"""Whatever else fsspec reaches (``hf://``, ``sftp://``, ...): the door to fsspec.

None of these promises that one of two writers wins, so a data set can be written there by one process alone.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from models.errors import first_line
from pipeline.errors import EnvironmentFault, OutputError, UsageError
from pipeline.storage.base import LARGEST, Entry, Storage, checked, refuse_long
from pipeline.storage.explain import refused


class FsspecStorage(Storage):
    """A folder of an fsspec file system. An upload goes to its own name at once: fsspec has no other way that all keep."""

    whole = False

    def __init__(self, url: str, system: Any, root: str, options: Mapping[str, str]) -> None:
        self.url, self.options = url.rstrip("/"), dict(options)
        self._system, self._root = system, root.rstrip("/")

    @classmethod
    def opened(cls, url: str, options: Mapping[str, str]) -> Self:
        try:
            import fsspec
        except ImportError as error:
            raise EnvironmentFault("data_missing", f"{url} needs fsspec: pip install fsspec") from error
        try:
            system, root = fsspec.url_to_fs(url, **options)
        except ImportError as error:
            raise EnvironmentFault("data_missing", f"{url}: {first_line(error)}") from error
        except Exception as error:
            raise UsageError("bad_storage", f"{url} can't be opened: {first_line(error)}") from error
        return cls(url, system, root, options)

    def get(self, name: str) -> bytes:
        with self._asked(name):
            data = bytes(self._system.cat_file(self._path(name), start=0, end=LARGEST + 1))
        refuse_long(len(data), LARGEST, name)
        return data

    def get_range(self, name: str, start: int, size: int) -> bytes:
        with self._asked(name):
            return bytes(self._system.cat_file(self._path(name), start=start, end=start + max(size, 0)))

    def head(self, name: str) -> Entry:
        with self._asked(name):
            return self._entry(self._system.info(self._path(name)))

    def put(self, name: str, data: bytes) -> None:
        with self._asked(name, writing=True):
            self._system.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(self._path(name), data)

    def put_file(self, name: str, path: Path) -> None:
        with self._asked(name, writing=True):
            self._system.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(path), self._path(name))

    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        text = f"{self.url} can't promise that one of two writers wins; let one process write there"
        raise OutputError("no_conditional_put", text, place=self.url)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        folder = prefix.rpartition("/")[0]
        with self._asked(prefix):
            try:
                found = self._system.find(f"{self._root}/{folder}".rstrip("/"), detail=True)
            except FileNotFoundError:
                return
            entries = (self._entry(found[path]) for path in sorted(found))
            yield from (entry for entry in entries if entry.name.startswith(prefix))

    def delete(self, name: str) -> None:
        with self._asked(name, writing=True), contextlib.suppress(FileNotFoundError):
            self._system.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{checked(name)}"

    def _entry(self, found: Mapping[str, Any]) -> Entry:
        name = str(found["name"]).removeprefix(self._root).lstrip("/")
        changed = found.get("mtime") or found.get("created") or 0.0
        version = str(found.get("etag") or found.get("sha256") or found.get("sha") or "")
        modified = changed.timestamp() if hasattr(changed, "timestamp") else float(changed)
        return Entry(name=name, size=int(found.get("size") or 0), modified=modified, version=version)

    @contextlib.contextmanager
    def _asked(self, name: str, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except (OSError, NotImplementedError, ValueError) as error:
            raise refused(error, f"{self.url}/{name}".rstrip("/"), writing=writing) from error
