"""The index itself: documents taken in and out, and what is known of them."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from pipeline.accident import failure
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError
from pipeline.file_version import LEAST, MOST, FileVersion
from pipeline.retrieval.hits import COLUMNS, Hit, hit_of
from pipeline.retrieval.reading import SUMMARY, Found, read
from pipeline.retrieval.schema import DATABASE, MIGRATIONS
from pipeline.retrieval.text import indexed
from pipeline.retrieval.words import choose
from pipeline.store.database import Connection, Database, salvaged

Made = TypeVar("Made")
TOGETHER = 200
"""documents in one transaction"""
PATIENCE, AGAIN = 30.0, 0.05
"""seconds for which those are waited for who use an index that is to be made anew, and between two looks"""
NO_YEAR = 2262
"""the first that a FileVersion can't tell the end of"""


class Index:
    """A context manager; ``indexed_in`` makes one that is damaged anew. Raises EnvironmentFault ``state_unwritable``, ``state_damaged``,
    ``state_too_new`` when it is opened or used."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder, file=DATABASE, migrations=MIGRATIONS)

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def known(self) -> list[Path]:
        """Every document that was taken in."""
        return [Path(os.fsdecode(row["path"])) for row in self.database.rows("SELECT path FROM documents ORDER BY path")]

    def note(self, paths: Iterable[bytes]) -> None:
        """Know these documents, to be read when they are searched."""
        with self.database.transaction(durable=False) as db:
            db.executemany(
                "INSERT OR IGNORE INTO documents (path, size, mtime_ns, film, language) VALUES (?, -1, 0, x'', '')",
                ((path,) for path in paths),
            )

    def update(self, paths: Iterable[Path], on_trouble: Callable[[Path, ScenescribeError], None] = lambda *_: None) -> list[int]:
        """Take in what is new or has changed of these documents, take out what is gone; the numbers of those that are there.

        One that can't be read is told to ``on_trouble`` each time and does not stop the others.
        """
        ids, waiting = [], list[tuple[Path, int, int, Found]]()
        for path in paths:
            row = self._row(path)
            now = FileVersion.at(path)
            if now is None:
                self._forget(path)
                continue
            if row is not None and row[1:] == now:
                ids.append(row[0])
                continue
            try:
                waiting.append((path, *now, read(path)))
            except InputError as error:
                self._forget(path)
                on_trouble(path, error)
            except Exception as error:  # an accident of this file: the others are searched
                self._forget(path)
                on_trouble(path, failure(path, error))
            if len(waiting) >= TOGETHER:
                ids += self._take(waiting)
        return ids + self._take(waiting)

    def _row(self, path: Path) -> tuple[int, int, int] | None:
        rows = self.database.rows("SELECT id, size, mtime_ns FROM documents WHERE path=?", os.fsencode(path))
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    def _forget(self, path: Path) -> None:
        if self._row(path) is not None:
            with self.database.transaction(durable=False) as db:
                _remove(db, path)

    def _take(self, waiting: list[tuple[Path, int, int, Found]]) -> list[int]:
        ids = []
        if waiting:
            with self.database.transaction(durable=False) as db:
                for path, size, mtime, found in waiting:
                    _remove(db, path)
                    ids.append(_add(db, path, size, mtime, found))
            waiting.clear()
        return ids

    def written_between(self, since: date | None, until: date | None, among: Sequence[int]) -> list[int]:
        """Those of these documents that were written from the one day to the other, both within, by the local clock."""
        first = _midnight(since) if since is not None else LEAST
        last = _midnight(until + timedelta(days=1)) - 1 if until is not None and until.year < NO_YEAR else MOST
        rows = self.database.rows("SELECT id FROM documents WHERE mtime_ns BETWEEN ? AND ?", first, last)
        inside = {row[0] for row in rows}
        return [number for number in among if number in inside]

    @property
    def count(self) -> int:
        """Documents that were taken in."""
        return int(self.database.rows("SELECT count(*) FROM documents")[0][0])

    def films(self, among: Sequence[int]) -> int:
        """How many of these documents hold captions; the others are summaries of the same films."""
        choose(self.database, among)
        found = self.database.rows("SELECT path FROM documents WHERE id IN (SELECT id FROM temp.among)")
        return sum(not os.fsdecode(row["path"]).endswith(SUMMARY) for row in found)

    def captions(self, numbers: Sequence[int], scores: Sequence[float]) -> list[Hit]:
        """The captions of these numbers, in their order."""
        hits = []
        for number, score in zip(numbers, scores, strict=True):
            rows = self.database.rows(
                f"SELECT {COLUMNS} FROM captions AS c JOIN documents AS d ON d.id = c.document WHERE c.id=?",
                number,
            )
            hits += [hit_of(row, score) for row in rows]
        return hits


def indexed_in(folder: Path, use: Callable[[Index], Made]) -> Made:
    """What ``use`` makes of the index. One that is damaged is made anew, and ``use`` is called once more: everything in it stands in the
    films' JSON files, and which these are is kept. Damage is seen where it is read, which may be in the middle of a search.

    Raises EnvironmentFault as ``Index`` does, and what ``use`` raises.
    """
    path = folder / DATABASE
    try:
        with _held(folder, fcntl.LOCK_SH):
            found = _number(path)
            with Index(folder) as index:
                return use(index)
    except EnvironmentFault as fault:
        if fault.code != "state_damaged":
            raise
    with _held(folder, fcntl.LOCK_EX):
        if _number(path) == found:  # others who met the damage at the same time may have made it anew already
            known = [one for one in salvaged(path, "SELECT path FROM documents") if isinstance(one, bytes)]
            for ending in ("", "-wal", "-shm"):
                (folder / (DATABASE + ending)).unlink(missing_ok=True)
            with Index(folder) as index:
                index.note(known)
    with _held(folder, fcntl.LOCK_SH), Index(folder) as index:
        return use(index)


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """Whoever makes an index anew is alone with it, of all threads and processes: nobody's new one is taken away under their hands. Where
    there is no folder yet, there are no locks, or somebody does not let go (a process that was stopped), it goes on without."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        until = monotonic() + PATIENCE
        with suppress(OSError):
            while True:
                try:
                    fcntl.flock(descriptor, how | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if monotonic() > until:
                        break
                sleep(AGAIN)
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that was forked meanwhile has the descriptor too
        os.close(descriptor)


def _number(path: Path) -> tuple[int, int] | None:
    """By which a file is told from another one of its name."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _midnight(day: date) -> int:
    """As a file's time of change, which knows no day before 1678 and none from NO_YEAR on."""
    if not 1678 <= day.year < NO_YEAR:
        return LEAST if day.year < NO_YEAR else MOST
    return int(datetime.combine(day, time()).timestamp()) * 1_000_000_000


def _add(db: Connection, path: Path, size: int, mtime: int, found: Found) -> int:
    document = db.execute(
        "INSERT INTO documents (path, size, mtime_ns, film, language) VALUES (?, ?, ?, ?, ?)",
        (os.fsencode(path), size, mtime, os.fsencode(found.film), found.language),
    ).lastrowid
    assert document is not None
    number = db.execute("SELECT coalesce(max(id), 0) FROM captions").fetchone()[0]
    rows = [
        (number + n, document, *caption, found.kinds[n - 1] if found.kinds else "caption")
        for n, caption in enumerate(found.captions, 1)
    ]
    db.executemany("INSERT INTO captions (id, document, start, end, text, kind) VALUES (?, ?, ?, ?, ?, ?)", rows)
    db.executemany("INSERT INTO words (rowid, body, pairs) VALUES (?, ?, ?)", ((row[0], *indexed(row[4])) for row in rows))
    return document


def _remove(db: Connection, path: Path) -> None:
    row = db.execute("SELECT id FROM documents WHERE path=?", (os.fsencode(path),)).fetchone()
    if row is None:
        return
    captions = db.execute("SELECT id, text FROM captions WHERE document=?", (row[0],)).fetchall()
    # an index without content is told what stood there, or the words would stay
    db.executemany(
        "INSERT INTO words (words, rowid, body, pairs) VALUES ('delete', ?, ?, ?)",
        ((one[0], *indexed(one[1])) for one in captions),
    )
    for statement in ("captions WHERE document=?", "vectors WHERE document=?", "documents WHERE id=?"):
        db.execute(f"DELETE FROM {statement}", (row[0],))
