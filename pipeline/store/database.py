"""The state folder's one file: THE sqlite3 door. Write-ahead log; a commit is synced to the disk before it counts."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import EnvironmentFault
from pipeline.store.schema import MIGRATIONS
from pipeline.store.state_folder import DATABASE, damaged, ensure_private, make_private

Row = sqlite3.Row
Connection = sqlite3.Connection


class Database:
    """Rows and transactions, from any thread, one at a time.

    Everything raises EnvironmentFault ``state_unwritable`` where the state folder's disk is full or fails (what was to be done
    has not happened then), and ``state_damaged`` where what is in the file can't be.
    """

    def __init__(self, folder: Path, *, file: str = DATABASE, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        """``migrations``: for each version of the tables the statements that bring the one before to it.

        Raises EnvironmentFault ``state_too_new`` too.
        """
        self.path = folder / file
        self._migrations = migrations
        self._lock = threading.RLock()
        with self.explained():
            make_private(folder)
            ensure_private(self.path)
            self._db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            with self.explained():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        """Bring the tables to this version: an older state folder is taken over, a newer one refused."""
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA trusted_schema=OFF")
        # a trigger runs with our next row, and may have no end: none is ours
        if found := self._db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone():
            raise damaged(self.path, f"there is a {found[0]} {found[1]!r} in it")
        self._db.execute("PRAGMA journal_mode=WAL")
        if self._version() < len(self._migrations):
            with self.transaction() as db:  # asked again, under the lock: another process may have been first
                for version, statements in enumerate(self._migrations[self._version() :], self._version() + 1):
                    for statement in statements:
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version={version}")
        if self._version() > len(self._migrations):
            raise EnvironmentFault(
                "state_too_new", f"{self.path} was written by a newer scenescribe; use that one, or another --state-dir"
            )
        if missing := _columns_wanted(self._migrations) - _columns(self._db):
            raise damaged(self.path, "there is no " + ", ".join(sorted(missing)[:3]))

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Let the file go. Harmless when repeated."""
        with self._lock:
            self._db.close()

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._lock, self.explained():
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """All of the block or nothing. ``durable`` False: a power cut may undo it, a crash may not."""
        with self._lock, self.explained():
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
    def explained(self) -> Iterator[None]:
        """Translate what goes wrong in the block, which uses the database or makes values of its rows."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "decode" in str(error):  # "Could not decode to UTF-8 column": no text of ours
                raise damaged(self.path, error) from error
            raise self._unwritable(error) from error
        except UnicodeDecodeError as error:  # of SQLite's own sentence about what it found
            raise damaged(self.path, error.reason) from error
        except OSError as error:
            raise self._unwritable(error) from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # a mistake of ours: a closed database, a broken constraint
                raise
            raise damaged(self.path, error) from error

    def _unwritable(self, error: Exception) -> EnvironmentFault:
        folder = self.path.parent
        return EnvironmentFault("state_unwritable", f"the state folder {folder} can't be used: {error}", path=str(folder))


def salvaged(path: Path, sql: str) -> list[Any]:
    """The first column of the rows that a damaged file still gives; nothing where it gives none, or holds what runs by itself."""
    if not path.is_file():  # a pipe would be waited for
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone():
                return []
            return [row[0] for row in db.execute(sql)]
    except (sqlite3.Error, UnicodeDecodeError):
        return []


def _columns(db: Connection) -> set[str]:
    """``table.column`` for all that there are."""
    rows = db.execute("SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type='table'")
    return {f"{table}.{column}" for table, column in rows}


def _columns_wanted(migrations: Sequence[Sequence[str]]) -> set[str]:
    with closing(sqlite3.connect(":memory:")) as empty:
        for statements in migrations:
            for statement in statements:
                empty.execute(statement)
        return _columns(empty)
