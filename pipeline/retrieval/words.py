"""Captions found by their words: ranked by BM25 where they are few, by its approximation where they are many."""

import math
from collections.abc import Mapping, Sequence

from pipeline.retrieval.hits import COLUMNS, Hit, hit_of
from pipeline.retrieval.text import Query, query_of
from pipeline.store.database import Database

MANY = 4000
"""captions that are ranked exactly, at most"""
USUAL = 200.0
"""characters of a caption of usual length"""
LIMIT = "AND c.document IN (SELECT id FROM temp.among)"
"""in a query over the documents that ``choose`` noted"""


class Words:
    """The words of an index's captions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, query: str, *, most: int, among: Sequence[int] | None = None) -> tuple[list[Hit], bool]:
        """Captions with all words of a query, the best first; with some of them where none has all (then True).

        Ranked by BM25; where more than MANY hold the words these are so common that they tell nothing, and of the newest so many the
        shortest come first, which is BM25's own order among captions that hold a word once.

        ``among``: numbers of documents, all of them where it is None. Raises UsageError ``bad_value`` for a query without words.
        """
        asked = query_of(query)
        if among is not None:
            choose(self._database, among)
        hits = self._holding_all(asked, most, limited=among is not None)
        if hits or len(asked.wanted) == 1:
            return hits, False
        hits = self._holding_some(asked, most, limited=among is not None)
        return hits, bool(hits)

    def _holding_all(self, asked: Query, most: int, *, limited: bool) -> list[Hit]:
        found = self._newest(asked.every, limited)
        if len(found) > MANY:
            return self._shortest(dict.fromkeys(found[:MANY], 1.0), most)
        if not found:
            return []
        rows = self._database.rows(
            f"""SELECT {COLUMNS}, w.rank AS score
                FROM words AS w JOIN captions AS c ON c.id = w.rowid JOIN documents AS d ON d.id = c.document
                WHERE words MATCH ? {LIMIT if limited else ""} ORDER BY w.rank, c.id LIMIT ?""",
            asked.every,
            most,
        )
        return [hit_of(row, -row["score"]) for row in rows]

    def _holding_some(self, asked: Query, most: int, *, limited: bool) -> list[Hit]:
        """Each word counts by how rare it is, as BM25 has it; of common ones the newest captions are looked at."""
        total = int(self._database.rows("SELECT coalesce(max(id), 0) FROM captions")[0][0])
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
            rows = self._database.rows("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?", match, MANY + 1)
            return [row[0] for row in rows]
        rows = self._database.rows(
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
        with self._database.transaction(durable=False) as db:
            db.execute("CREATE TEMP TABLE IF NOT EXISTS worth (id INTEGER PRIMARY KEY, worth REAL)")
            db.execute("DELETE FROM temp.worth")
            db.executemany("INSERT INTO temp.worth VALUES (?, ?)", worth.items())
        rows = self._database.rows(
            f"""SELECT {COLUMNS}, w.worth / (1 + length(c.text) / {USUAL}) AS score
                FROM temp.worth AS w CROSS JOIN captions AS c ON c.id = w.id CROSS JOIN documents AS d ON d.id = c.document
                ORDER BY score DESC, c.id DESC LIMIT ?""",
            most,
        )
        return [hit_of(row, row["score"]) for row in rows]


def choose(database: Database, among: Sequence[int]) -> None:
    """A list of documents for the next query: a million numbers don't fit into a statement."""
    with database.transaction(durable=False) as db:
        db.execute("CREATE TEMP TABLE IF NOT EXISTS among (id INTEGER PRIMARY KEY)")
        db.execute("DELETE FROM temp.among")
        db.executemany("INSERT OR IGNORE INTO temp.among VALUES (?)", ((number,) for number in among))
