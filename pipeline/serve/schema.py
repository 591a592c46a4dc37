"""The service's tables, as a list of steps like those of the watch folder's (pipeline/store/schema.py)."""

from pipeline.store.schema import OUTBOX

DATABASE = "service.sqlite3"

_FIRST = (
    # root and relative are empty for what was uploaded; facts: JSON of what the probe found
    """CREATE TABLE films (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        root BLOB NOT NULL,
        relative BLOB NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        facts TEXT NOT NULL,
        created_at REAL NOT NULL,
        used_at REAL NOT NULL
    )""",
    """CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        film TEXT NOT NULL,
        task TEXT NOT NULL,
        settings TEXT NOT NULL,
        beside INTEGER NOT NULL DEFAULT 0,
        webhook TEXT NOT NULL,
        told TEXT NOT NULL DEFAULT '',
        idempotency TEXT UNIQUE,
        asked TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('queued', 'in_progress', 'completed', 'failed', 'cancelled')),
        progress INTEGER NOT NULL DEFAULT 0,
        captions INTEGER NOT NULL DEFAULT 0,
        code TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT '',
        outputs TEXT NOT NULL DEFAULT '[]',
        attempts INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0,
        lease REAL NOT NULL DEFAULT 0,
        created_at REAL NOT NULL,
        started_at REAL NOT NULL DEFAULT 0,
        completed_at REAL NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX jobs_due ON jobs (status, crashes, number)",
    "CREATE INDEX jobs_film ON jobs (film, number)",
    # mark: what an event is about, so that a window described before a crash is not told a second time after it
    """CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL,
        name TEXT NOT NULL,
        mark TEXT,
        data TEXT NOT NULL,
        UNIQUE (job, mark)
    )""",
    "CREATE INDEX events_job ON events (job, number)",
    OUTBOX,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
