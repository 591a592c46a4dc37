"""Faults on order: the Nth side effect of a process fails, or kills it. Nothing in the product knows of this.

A side effect is what is seen from outside and outlives the process: a file opened to be written, a write, a sync, a rename,
an unlink, a folder made, a statement that writes to the database, a commit (and once more just after it).
"""

import builtins
import errno
import io
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

KINDS = ("kill", "enospc", "eio", "exception")


class Injector:
    """Counts effects from ``arm`` on; at number ``at`` it does what ``kind`` says. ``fired`` names the effect."""

    def __init__(self, kind: str, at: int, fired: Callable[[str], None]) -> None:
        self.kind, self.at, self.fired = kind, at, fired
        self.count = 0
        self._lock = threading.Lock()

    def effect(self, name: str, database: bool = False) -> None:
        with self._lock:
            self.count += 1
            if self.count != self.at:
                return
            self.fired(name)
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "exception":
            raise RuntimeError(f"injected at {name}")
        full = self.kind == "enospc"
        if database:
            raise sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number))

    def arm(self) -> None:
        """Take the places of the functions that make effects, in this process, for good."""
        for name in ("replace", "rename", "fsync", "unlink", "remove", "mkdir", "rmdir", "pwrite", "ftruncate", "link"):
            setattr(os, name, self._before(name, getattr(os, name)))
        real_open = os.open

        def open_descriptor(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
                self.effect("open")
            return real_open(path, flags, *args, **kwargs)

        os.open = open_descriptor
        really = io.open

        def open_file(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if isinstance(file, int) or not set(mode) & set("wax+"):
                return really(file, mode, *args, **kwargs)
            self.effect("open")
            return _File(really(file, mode, *args, **kwargs), self)

        io.open = builtins.open = open_file
        injector = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                word = sql.split(None, 1)[0].upper()
                if word in ("BEGIN", "INSERT", "UPDATE", "DELETE", "CREATE", "COMMIT"):
                    injector.effect(f"sql {word}", database=True)
                cursor = super().execute(sql, *args)
                if word == "COMMIT" and injector.kind == "kill":
                    injector.effect("after sql COMMIT")
                return cursor

        connect = sqlite3.connect
        sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Connection, **kwargs)  # type: ignore[assignment]

    def _before(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.effect(name)
            return real(*args, **kwargs)

        return call


class _File:
    """A file whose writes are effects; half of a write that fails is written, as a disk does."""

    def __init__(self, file: Any, injector: Injector) -> None:
        self._file, self._injector = file, injector

    def write(self, data: Any) -> Any:
        try:
            self._injector.effect("write")
        except OSError:
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            raise
        return self._file.write(data)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
