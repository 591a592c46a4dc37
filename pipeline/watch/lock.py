"""One daemon a state folder: a lock that dies with its process, and a lease for folders that two machines share.

flock is enough on one machine: the kernel lets it go however the process ends. Over a network share it may mean nothing,
so the holder also writes who and until when; another host's lease that has not run out is respected.
"""

import contextlib
import fcntl
import json
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.errors import EnvironmentFault
from pipeline.store.state_folder import LOCK, make_private, open_private

LEASE = 60.0
"""seconds; renewed three times as often"""


class StateLock:
    """Holds a state folder. A context manager; ``renew`` is called every LEASE / 3 seconds."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        self.since = datetime.now(UTC).isoformat(timespec="seconds")
        self._fd = -1

    def __enter__(self) -> Self:
        """Raises EnvironmentFault ``already_running``, which says whose it is, ``state_unwritable`` and ``state_damaged``."""
        try:
            make_private(self.path.parent)
            self._fd = open_private(self.path)
        except OSError as error:
            raise EnvironmentFault(
                "state_unwritable", f"the state folder {self.path.parent} can't be written: {error.strerror}; see --state-dir"
            ) from error
        held = self._read()
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._refuse(held)
        elsewhere = held.get("host") not in (None, socket.gethostname())
        until = held.get("until", 0)
        if elsewhere and isinstance(until, (int, float)) and 0 < until - time.time() <= 2 * LEASE:  # later: its clock was ahead
            self._refuse(held)
        self.renew()
        return self

    def renew(self) -> None:
        """Say for another LEASE seconds that this process holds the folder. A full disk does not matter here."""
        lease = {
            "pid": os.getpid(), "host": socket.gethostname(), "since": self.since, "until": round(time.time() + LEASE, 3),
        }  # fmt: skip
        text = json.dumps(lease).encode()
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, text.ljust(256), 0)  # of one length: a reader never sees half of an older one

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)  # the lease ends with the lock; the file stays, or two could lock two of them
        self.release()

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _refuse(self, held: dict[str, Any]) -> None:
        self.release()
        raise EnvironmentFault(
            "already_running",
            f"the state folder {self.path.parent} belongs to another daemon: process {held.get('pid', '?')} on "
            f"{held.get('host', '?')}, since {held.get('since', '?')}; stop that one, or give this one its own --state-dir",
            **held,
        )

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(os.pread(self._fd, 4096, 0).decode("utf-8", "replace").strip() or "{}")
            if isinstance(found, dict):
                return found
        return {}
