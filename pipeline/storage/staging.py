"""Files that are made on this machine and belong in a storage: what is there is brought here before, what is new is put there after.

bring      .json and journals whole, of all else that is there an empty file: whoever makes them sees what exists
put_back   what is new or was changed; the JSON by a create, so that of two programs one has made it
away       nothing is left of them here
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pipeline.errors import InputError, OutputError, ScenescribeError
from pipeline.files import STAND_IN, explained
from pipeline.storage.base import Entry, Storage

LARGEST = 64 * 1024 * 1024
"""bytes of a file that is brought whole"""
WHOLE = (".json", ".journal")
T = TypeVar("T")


class Taken(OutputError):
    """Another program created the file in the meantime."""


class Staging:
    """``folder`` of this machine stands for ``storage``: equal names below them are one file."""

    def __init__(self, storage: Storage, folder: Path, listed: Mapping[str, Entry] | None = None) -> None:
        """``listed``: what the storage holds, where somebody has looked; otherwise it is asked name by name."""
        self.storage, self.folder = storage, folder
        self._listed = listed
        self._brought: dict[Path, tuple[int, int, int] | None] = {}

    @cached_property
    def conditional(self) -> bool:
        """Whether the storage keeps its promise to one of two writers; tried out by writing. Raises OutputError ``storage_denied``."""
        return self.storage.creates()

    def address(self, path: Path) -> str:
        """What a file below ``folder`` is called in the storage."""
        return f"{self.storage.url}/{self._name(path)}"

    async def around(self, paths: Sequence[Path], work: Callable[[], Awaitable[T]], *, overwrite: bool) -> T:
        """Do work that makes ``paths`` (the first one tells whose the others are), and put there what it made, also where it failed.

        Where another program has made them meanwhile, the work is done once more, and finds them. Raises what the work raises, with
        addresses in place of paths; OutputError ``storage_denied``, ``storage_failed``, ``output_exists``.
        """
        try:
            for last in (False, True):
                await asyncio.to_thread(self.bring, paths)
                try:
                    result = await work()
                except BaseException:
                    with contextlib.suppress(ScenescribeError):  # the first error is the one to be told
                        await asyncio.to_thread(self.put_back, paths, overwrite=overwrite)
                    raise
                try:
                    await asyncio.to_thread(self.put_back, paths, overwrite=overwrite)
                    return result
                except Taken:
                    if last:
                        raise
                    await asyncio.to_thread(self.away, paths)
                    self._listed = None
            raise AssertionError
        except ScenescribeError as error:
            raise type(error)(error.code, error.message.replace(str(self.folder), self.storage.url), **error.data) from error
        finally:
            await asyncio.to_thread(self.away, paths)

    def bring(self, paths: Sequence[Path]) -> None:
        """Let each file that the storage has stand here too. Blocks. Raises InputError, OutputError."""
        for path in paths:
            name = self._name(path)
            self._brought[path] = None
            if not self._there(name):
                if path.suffix != ".journal":  # what a killed process kept is not lost
                    path.unlink(missing_ok=True)
                continue
            data, modified = b"", STAND_IN
            if path.suffix in WHOLE:
                entry = self.storage.head(name)
                if entry.size > LARGEST:
                    raise OutputError("output_exists", f"{self.address(path)} was not written by Scenescribe: it is too large")
                data, modified = self.storage.get(name), entry.modified
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                os.utime(path, (modified, modified))
            except OSError as error:
                raise explained(path, error) from error
            self._brought[path] = _version(path)

    def put_back(self, paths: Sequence[Path], *, overwrite: bool) -> None:
        """Put there what is new since ``bring``, in this order. Blocks. Raises OutputError, ``Taken`` where the JSON is another's."""
        for path in paths:
            before, now, name = self._brought.get(path), _version(path), self._name(path)
            if now is None:
                if before is not None:
                    self.storage.delete(name)
            elif now != before:
                if before is None and path.suffix == ".json" and not overwrite and self.conditional:
                    if not self.storage.create(name, path.read_bytes()):
                        raise Taken("output_exists", f"another program has written {self.address(path)} meanwhile")
                elif now[2] <= LARGEST:
                    self.storage.put(name, path.read_bytes())
                else:
                    self.storage.put_file(name, path)
                self._brought[path] = now

    def away(self, paths: Sequence[Path]) -> None:
        """Remove the files of this machine."""
        for path in paths:
            self._brought.pop(path, None)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _there(self, name: str) -> bool:
        return name in self._listed if self._listed is not None else self.storage.exists(name)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def listing(storage: Storage) -> dict[str, Entry]:
    """All that a storage holds, by name; nothing where there is no such folder yet. Blocks. Raises InputError."""
    try:
        return {entry.name: entry for entry in storage.list()}
    except InputError as error:
        if error.code != "not_found":
            raise
        return {}


def _version(path: Path) -> tuple[int, int, int] | None:
    """Changes when the file is written to or another takes its name; None where there is none. Not a FileVersion: these are files of ours
    on a local disk, and another under the same name has another inode."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
