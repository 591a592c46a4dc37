"""A data set in a storage that can't say which of two writers won: one process alone writes there, by a lease that it renews.

Without a conditional put nobody can be kept out for certain: the lease is written, and read again after a while. It guards against
a second command by mistake, not against a race of milliseconds.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pipeline.datasets.claims import born, holds, place
from pipeline.errors import EnvironmentFault, InputError
from pipeline.storage import Entry, Storage

NAME = "_scenescribe/writer.json"
LEASE = 60.0
"""seconds"""
SETTLE = 1.0
"""seconds after which the lease is read again: who wrote last has it"""


def writable(storage: Storage) -> Storage:
    """The storage as a data set can be written to: itself, or by this process alone. Raises EnvironmentFault ``already_running``."""
    return storage if isinstance(storage, SoleStorage) or storage.creates() else SoleStorage(storage)


@contextlib.contextmanager
def alone(storage: Storage) -> Iterator[Storage]:
    """``writable`` for as long as the block runs. Raises as it does."""
    mine = writable(storage)
    try:
        yield mine
    finally:
        if isinstance(mine, SoleStorage):
            mine.release()


class SoleStorage(Storage):
    """A storage of which this process is the only writer: so a name that is not there can be created by a plain put."""

    def __init__(self, storage: Storage) -> None:
        self._storage, self.url, self.folder = storage, storage.url, storage.folder
        self._lock = threading.Lock()
        self._mine = secrets.token_hex(8)
        self._renewed = float("-inf")
        self._take()

    @classmethod
    def opened(cls, url: str, options: Mapping[str, str]) -> Self:
        from pipeline.storage import open_storage

        return cls(open_storage(url, options))

    def renew(self) -> None:
        """Say for another LEASE seconds that this process writes here."""
        if time.monotonic() - self._renewed < LEASE / 3:
            return
        self._renewed = time.monotonic()
        lease = {
            "holder": self._mine, "pid": os.getpid(), "host": socket.gethostname(), "place": place(), "born": born(os.getpid()),
            "until": time.time() + LEASE,
        }  # fmt: skip
        self._storage.put(NAME, json.dumps(lease).encode())

    def release(self) -> None:
        """Let another process write."""
        self._storage.delete(NAME)

    def _take(self) -> None:
        self._refuse_another()
        self.renew()
        time.sleep(SETTLE)
        self._refuse_another()

    def _refuse_another(self) -> None:
        try:
            held = json.loads(self._storage.get(NAME))
            until, now = float(held.get("until", 0)), time.time()
            pid = int(held.get("pid", 0))
        except (InputError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return  # there is none, or none that can be read: then nobody is known to have it
        if held.get("holder") == self._mine or until <= now:
            return
        if held.get("place") == place():
            if born(pid) != held.get("born"):
                return  # a process of this machine that is gone
        elif not holds(until, now):
            return
        text = f"process {held.get('pid')} on {held.get('host')} writes to {self.url}, which can't tell two writers apart"
        raise EnvironmentFault("already_running", f"{text}; wait for it, or for a minute if it was killed")

    def get(self, name: str) -> bytes:
        return self._storage.get(name)

    def get_range(self, name: str, start: int, size: int) -> bytes:
        return self._storage.get_range(name, start, size)

    def head(self, name: str) -> Entry:
        return self._storage.head(name)

    def put(self, name: str, data: bytes) -> None:
        self.renew()
        self._storage.put(name, data)

    def put_file(self, name: str, path: Path) -> None:
        self.renew()
        self._storage.put_file(name, path)

    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        with self._lock:
            if self._storage.exists(name):
                return False
            self.put(name, data)
            return True

    def list(self, prefix: str = "") -> Iterator[Entry]:
        return self._storage.list(prefix)

    def delete(self, name: str) -> None:
        self._storage.delete(name)
