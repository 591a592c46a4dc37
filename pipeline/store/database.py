"""The state folder's one file: THE sqlite3 door. Write-ahead log; a commit is synced to the disk before it counts."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import EnvironmentFault
from pipeline.store.schema import SCHEMA, VERSION

Row = sqlite3.Row
Connection = sqlite3.Connection
FILE = "jobs.sqlite3"


class Database:
    """Rows and transactions, from any thread, one at a time.

    Everything raises EnvironmentFault ``state_unwritable`` where the state folder's disk is full or fails: what was to be
    done has not happened then.
    """

    def __init__(self, folder: Path) -> None:
        """Raises EnvironmentFault ``state_unwritable`` or ``state_too_new`` too."""
        self.path = folder / FILE
        self._lock = threading.RLock()
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            with self._explained():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise EnvironmentFault("state_too_new", f"{self.path} was written by a newer scenescribe; use that one")
        if version < VERSION:
            with self.transaction() as db:
                for statement in SCHEMA:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Let the file go. Harmless when repeated."""
        with self._lock:
            self._db.close()

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._lock, self._explained():
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """All of the block or nothing. ``durable`` False: a power cut may undo it, a crash may not."""
        with self._lock, self._explained():
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise EnvironmentFault(
                "state_unwritable", f"the state folder {self.path.parent} can't be used: {error}", path=str(self.path.parent)
            ) from error
