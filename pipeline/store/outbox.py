"""What is still to be told or moved after a job: made in the transaction that ends the job, gone when it is done.

So nothing is forgotten in a crash; something may be done twice in one, and carries an id by which that is seen.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from pipeline import log as logs
from pipeline.store.database import Database
from pipeline.store.waiting import DUE, span

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """``kind`` is move, webhook or exec."""

    id: int
    kind: str
    body: dict[str, Any]
    tries: int


class Outbox:
    """The table ``outbox``. Raises what Database raises."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, kind: str, limit: int = 20) -> list[Delivery]:
        """Deliveries of a kind that may be tried now, in order; one whose row is damaged is let go, with a line in the log."""
        rows = self._db.rows(f"SELECT * FROM outbox WHERE kind=? AND {DUE} ORDER BY id LIMIT ?", kind, *span(), limit)
        due = []
        for row in rows:
            try:
                body = json.loads(row["body"])
                due.append(Delivery(row["id"], row["kind"], {**body, "path": body["path"]}, int(row["tries"])))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                log.error("given up", errand=row["kind"], message=f"its row is damaged: {error}")
                self.done(row["id"])
        return due

    def left(self) -> int:
        return int(self._db.rows("SELECT count(*) AS n FROM outbox")[0]["n"])

    def done(self, delivery: int) -> None:
        """Nothing is left to do of the delivery with this ``id``."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM outbox WHERE id=?", (delivery,))

    def later(self, delivery: Delivery, after: float) -> None:
        """Try again in ``after`` seconds, of which no more than ``waiting.LONGEST`` are waited."""
        with self._db.transaction() as db:
            db.execute("UPDATE outbox SET tries=tries+1, not_before=? WHERE id=?", (time.time() + after, delivery.id))
