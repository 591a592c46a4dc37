"""The index itself: documents taken in and out, captions found by their words."""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from pipeline import log as logs
from pipeline.errors import EnvironmentFault, InputError
from pipeline.retrieval.reading import SUMMARY, Found, Kind, read
from pipeline.retrieval.schema import DATABASE, MIGRATIONS
from pipeline.retrieval.text import Query, indexed, query_of
from pipeline.store.database import Connection, Database, Row

log = logs.get(__name__)

TOGETHER = 200
"""documents in one transaction"""
MANY = 4000
"""captions that are ranked exactly, at most"""
USUAL = 200.0
"""characters of a caption of usual length"""
COLUMNS = "c.id, c.start, c.end, c.text, c.kind, d.film, d.path"
LIMIT = "AND c.document IN (SELECT id FROM temp.among)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One caption that was found."""

    caption: int
    """its number in the index"""
    film: Path
    document: Path
    start: float
    end: float
    text: str
    score: float
    """larger is better; comparable within one search"""
    kind: Kind = "caption"
    """where the text stands: a caption, a sentence of the film's summary, or a chapter"""


class Index:
    """A context manager. Raises EnvironmentFault ``state_unwritable``, ``state_too_new`` when it is opened or used.

    An index that is damaged is made anew: everything in it stands in the films' JSON files.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.database = Database(folder, file=DATABASE, migrations=MIGRATIONS)
        except EnvironmentFault as fault:
            if fault.code != "state_damaged":
                raise
            for ending in ("", "-wal", "-shm"):
                (folder / (DATABASE + ending)).unlink(missing_ok=True)
            self.database = Database(folder, file=DATABASE, migrations=MIGRATIONS)

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def known(self) -> list[Path]:
        """Every document that was taken in."""
        return [Path(os.fsdecode(row["path"])) for row in self.database.rows("SELECT path FROM documents ORDER BY path")]

    def update(self, paths: Iterable[Path], on_trouble: Callable[[Path, InputError], None] = lambda *_: None) -> list[int]:
        """Take in what is new or has changed of these documents, take out what is gone; the numbers of those that are there.

        One that can't be read is told to ``on_trouble`` each time and does not stop the others.
        """
        ids, waiting = [], list[tuple[Path, int, int, Found]]()
        for path in paths:
            row = self._row(path)
            try:
                found = path.stat()
            except OSError:
                self._forget(path)
                continue
            if row is not None and (row[1], row[2]) == (found.st_size, found.st_mtime_ns):
                ids.append(row[0])
                continue
            try:
                waiting.append((path, found.st_size, found.st_mtime_ns, read(path)))
            except InputError as error:
                self._forget(path)
                on_trouble(path, error)
            except Exception as error:  # an accident of this file: the others are searched
                self._forget(path)
                log.error("internal error", path=path, exc_info=error)
                on_trouble(
                    path, InputError("internal_error", f"a fault of ours ({type(error).__name__}: {error}); please report it")
                )
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
        first = _midnight(since) if since is not None else 0
        last = _midnight(until + timedelta(days=1)) if until is not None else 1 << 62
        rows = self.database.rows("SELECT id FROM documents WHERE mtime_ns >= ? AND mtime_ns < ?", first, last)
        inside = {row[0] for row in rows}
        return [number for number in among if number in inside]

    @property
    def count(self) -> int:
        """Documents that were taken in."""
        return int(self.database.rows("SELECT count(*) FROM documents")[0][0])

    def films(self, among: Sequence[int]) -> int:
        """How many of these documents hold captions; the others are summaries of the same films."""
        self._note(among)
        found = self.database.rows("SELECT path FROM documents WHERE id IN (SELECT id FROM temp.among)")
        return sum(not os.fsdecode(row["path"]).endswith(SUMMARY) for row in found)

    def by_words(self, query: str, *, most: int, among: Sequence[int] | None = None) -> tuple[list[Hit], bool]:
        """Captions with all words of a query, the best first; with some of them where none has all (then True).

        Ranked by BM25; where more than MANY hold the words these are so common that they tell nothing, and of the newest so many the
        shortest come first, which is BM25's own order among captions that hold a word once.

        ``among``: numbers of documents, all of them where it is None. Raises UsageError ``bad_value`` for a query without words.
        """
        asked = query_of(query)
        if among is not None:
            self._note(among)
        hits = self._holding_all(asked, most, limited=among is not None)
        if hits or len(asked.wanted) == 1:
            return hits, False
        return self._holding_some(asked, most, limited=among is not None), True

    def _holding_all(self, asked: Query, most: int, *, limited: bool) -> list[Hit]:
        found = self._newest(asked.every, limited)
        if len(found) > MANY:
            return self._shortest(dict.fromkeys(found[:MANY], 1.0), most)
        if not found:
            return []
        rows = self.database.rows(
            f"""SELECT {COLUMNS}, w.rank AS score
                FROM words AS w JOIN captions AS c ON c.id = w.rowid JOIN documents AS d ON d.id = c.document
                WHERE words MATCH ? {LIMIT if limited else ""} ORDER BY w.rank, c.id LIMIT ?""",
            asked.every,
            most,
        )
        return [hit_of(row, -row["score"]) for row in rows]

    def _holding_some(self, asked: Query, most: int, *, limited: bool) -> list[Hit]:
        """Each word counts by how rare it is, as BM25 has it; of common ones the newest captions are looked at."""
        total = int(self.database.rows("SELECT coalesce(max(id), 0) FROM captions")[0][0])
        worth: dict[int, float] = {}
        for word in asked.wanted:
            found = self._newest(asked.only(word), limited)
            weight = math.log(1 + total / (len(found) + 0.5))
            for number in found[:MANY]:
                worth[number] = worth.get(number, 0.0) + weight
        best = sorted(worth, key=lambda number: -worth[number])[: max(MANY // 4, most)]
        return self._shortest({number: worth[number] for number in best}, most)

    def _newest(self, match: str, limited: bool) -> list[int]:
        """Numbers of the captions that match, the newest first; one more than MANY where there are more."""
        if not limited:
            rows = self.database.rows("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?", match, MANY + 1)
            return [row[0] for row in rows]
        rows = self.database.rows(
            f"""SELECT w.rowid FROM words AS w JOIN captions AS c ON c.id = w.rowid
                WHERE words MATCH ? {LIMIT}
                AND w.rowid >= (SELECT min(id) FROM captions WHERE document IN (SELECT id FROM temp.among))
                AND w.rowid <= (SELECT max(id) FROM captions WHERE document IN (SELECT id FROM temp.among))
                ORDER BY w.rowid DESC LIMIT ?""",
            match,
            MANY + 1,
        )
        return [row[0] for row in rows]

    def _shortest(self, worth: Mapping[int, float], most: int) -> list[Hit]:
        """These captions by what they are worth, divided by a length that grows from 1 as BM25's does.

        CROSS JOIN keeps SQLite from reading all captions and looking each up among these.
        """
        with self.database.transaction(durable=False) as db:
            db.execute("CREATE TEMP TABLE IF NOT EXISTS worth (id INTEGER PRIMARY KEY, worth REAL)")
            db.execute("DELETE FROM temp.worth")
            db.executemany("INSERT INTO temp.worth VALUES (?, ?)", worth.items())
        rows = self.database.rows(
            f"""SELECT {COLUMNS}, w.worth / (1 + length(c.text) / {USUAL}) AS score
                FROM temp.worth AS w CROSS JOIN captions AS c ON c.id = w.id CROSS JOIN documents AS d ON d.id = c.document
                ORDER BY score DESC, c.id DESC LIMIT ?""",
            most,
        )
        return [hit_of(row, row["score"]) for row in rows]

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

    def _note(self, among: Sequence[int]) -> None:
        """A list of documents for the next query: a million numbers don't fit into a statement."""
        with self.database.transaction(durable=False) as db:
            db.execute("CREATE TEMP TABLE IF NOT EXISTS among (id INTEGER PRIMARY KEY)")
            db.execute("DELETE FROM temp.among")
            db.executemany("INSERT OR IGNORE INTO temp.among VALUES (?)", ((number,) for number in among))


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time()).timestamp()) * 1_000_000_000


def hit_of(row: Row, score: float) -> Hit:
    """A row of captions and documents as a hit."""
    return Hit(
        caption=row["id"],
        film=Path(os.fsdecode(row["film"])),
        document=Path(os.fsdecode(row["path"])),
        start=row["start"],
        end=row["end"],
        text=row["text"],
        score=score,
        kind=row["kind"],
    )


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
    db.executemany("INSERT INTO words (rowid, body) VALUES (?, ?)", ((row[0], indexed(row[4])) for row in rows))
    return document


def _remove(db: Connection, path: Path) -> None:
    row = db.execute("SELECT id FROM documents WHERE path=?", (os.fsencode(path),)).fetchone()
    if row is None:
        return
    captions = db.execute("SELECT id, text FROM captions WHERE document=?", (row[0],)).fetchall()
    # an index without content is told what stood there, or the words would stay
    db.executemany(
        "INSERT INTO words (words, rowid, body) VALUES ('delete', ?, ?)", ((one[0], indexed(one[1])) for one in captions)
    )
    for statement in ("captions WHERE document=?", "vectors WHERE document=?", "documents WHERE id=?"):
        db.execute(f"DELETE FROM {statement}", (row[0],))
