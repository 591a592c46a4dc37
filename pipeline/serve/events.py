"""What happens to a job, numbered: a reader that was cut off goes on behind the last number that it saw."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.store.database import Connection, Database

LAST = frozenset({"done", "error"})
"""events after which no other comes, as a ``state`` of ``cancelled`` is"""


@dataclass(frozen=True, slots=True)
class Event:
    """``number`` grows over all jobs; ``data`` is JSON."""

    number: int
    name: str
    data: str

    @property
    def last(self) -> bool:
        return self.name in LAST or (self.name == "state" and json.loads(self.data).get("status") == "cancelled")


def add_event(db: Connection, job: str, name: str, data: Mapping[str, Any], *, mark: str | None = None) -> None:
    """Append an event, inside a transaction; one whose ``mark`` this job has already is left out."""
    db.execute(
        "INSERT OR IGNORE INTO events(job, name, mark, data) VALUES(?,?,?,?)",
        (job, name, mark, json.dumps(data, ensure_ascii=True)),
    )


class Events:
    """The table ``events``, for readers."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def after(self, job: str, number: int, most: int = 500) -> list[Event]:
        """The events of a job behind a number, in order."""
        rows = self._db.rows(
            "SELECT number, name, data FROM events WHERE job=? AND number>? ORDER BY number LIMIT ?", job, number, most
        )
        return [Event(row["number"], row["name"], row["data"]) for row in rows]
