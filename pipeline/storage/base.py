"""The contract of a place where files are kept: a folder, a bucket, a server.

    get put create delete list      each whole or not at all; names are relative, with ``/`` between their parts

``create`` is what everything that several programs do at once rests on: of many that create one name, one is told True.
"""

import contextlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipeline.errors import InputError, OutputError

LARGEST = 1 << 30
"""bytes of a file that is read whole"""
MOST_LISTED = 20_000_000
"""files of one listing; who keeps their names needs some gigabytes for so many"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a storage."""

    name: str
    size: int
    """bytes"""
    modified: float
    """seconds since 1970"""
    version: str = ""
    """changes when its bytes do; empty where the storage tells no such thing"""


class Storage(ABC):
    """Files under one folder or prefix. Every method blocks; use from threads, any number at once.

    Reading raises InputError ``not_found``, ``storage_denied``, ``storage_failed``; writing OutputError ``storage_denied``,
    ``storage_failed``, and on a disk those of ``pipeline.files``.
    """

    url: str
    """as the user named it"""
    folder: Path | None = None
    """where its files are files of this machine"""
    whole: bool = True
    """whether a file is there whole or not at all, whoever writes it"""

    def __str__(self) -> str:
        return self.url

    @classmethod
    @abstractmethod
    def opened(cls, url: str, options: Mapping[str, str]) -> Self:
        """Raises UsageError ``bad_storage``, ``bad_storage_option``; EnvironmentFault ``data_missing``."""

    @abstractmethod
    def get(self, name: str) -> bytes:
        """A whole file, of ``LARGEST`` bytes at most."""

    @abstractmethod
    def get_range(self, name: str, start: int, size: int) -> bytes:
        """``size`` bytes from ``start`` on, fewer where the file ends."""

    @abstractmethod
    def head(self, name: str) -> Entry:
        """What is known of a file without reading it."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write a file, in place of an older one."""

    @abstractmethod
    def put_file(self, name: str, path: Path) -> None:
        """Upload a file of this machine, in pieces; nothing is left where it fails."""

    @abstractmethod
    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        """Write a file where there is none of this name; False where there is. ``durable`` False: a power cut may take it back."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Files whose names begin with ``prefix``, by name; none where there is no such folder. Of a bucket ``MOST_LISTED`` at most."""

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Names that ``list`` leaves out, each with a reason: links that lead to nothing (``not_found``), folders in it that may not be
        looked into (``unreadable``). Only folders of machines have such."""
        return iter(())

    @abstractmethod
    def delete(self, name: str) -> None:
        """Harmless where there is no such file."""

    def creates(self) -> bool:
        """Whether ``create`` keeps its promise here: tried out with a file that is then removed."""
        name = f"_scenescribe/try-{secrets.token_hex(8)}"
        try:
            self.create(name, b"1", durable=False)
            return not self.create(name, b"2", durable=False)
        except OutputError as error:
            if error.code != "no_conditional_put":
                raise
            return False
        finally:
            with contextlib.suppress(OutputError):
                self.delete(name)

    def exists(self, name: str) -> bool:
        try:
            self.head(name)
        except InputError as error:
            if error.code != "not_found":
                raise
            return False
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        """Is opened anew in another process: connections don't travel."""
        return (type(self).opened, (self.url, getattr(self, "options", {})))


def refuse_long(size: int, most: int, name: object) -> None:
    """Raise InputError ``storage_failed`` where a file that is read whole has more than ``most`` bytes."""
    if size > most:
        raise InputError("storage_failed", f"{name}: it has more than {most} bytes, and is read whole", place=str(name))


def checked(name: str) -> str:
    """A name that stays under the storage's root. Raises OutputError ``bad_name``."""
    if not name or name.startswith("/") or "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise OutputError("bad_name", f"{name!r} can't be the name of a file in a storage", name=name)
    return name
