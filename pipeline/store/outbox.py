"""What is still to be told or moved after a job: made in the transaction that ends the job, gone when it is done.

So nothing is forgotten in a crash; something may be done twice in one, and carries an id by which that is seen.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from pipeline.store.database import Database


@dataclass(frozen=True, slots=True)
class Errand:
    """``kind`` is move, webhook or exec."""

    id: int
    kind: str
    body: dict[str, Any]
    tries: int


class Outbox:
    """The table ``outbox``. Raises what Database raises."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, kind: str, limit: int = 20) -> list[Errand]:
        """Errands of a kind that may be tried now, in order."""
        rows = self._db.rows("SELECT * FROM outbox WHERE kind=? AND not_before<=? ORDER BY id LIMIT ?", kind, time.time(), limit)
        return [Errand(row["id"], row["kind"], json.loads(row["body"]), row["tries"]) for row in rows]

    def left(self) -> int:
        return int(self._db.rows("SELECT count(*) AS n FROM outbox")[0]["n"])

    def done(self, errand: Errand) -> None:
        with self._db.transaction() as db:
            db.execute("DELETE FROM outbox WHERE id=?", (errand.id,))

    def later(self, errand: Errand, after: float) -> None:
        """Try again in ``after`` seconds."""
        with self._db.transaction() as db:
            db.execute("UPDATE outbox SET tries=tries+1, not_before=? WHERE id=?", (time.time() + after, errand.id))
