"""The tables, as a list of steps: a state folder of version N is brought up to date by the steps from N on.

Paths are bytes, times are seconds since 1970, ``written`` is ``CONTENT SETTINGS``. A step that was released is never changed:
what a table is to become is one more step.
"""

OUTBOX = """CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    made_at REAL NOT NULL
)"""
"""what outbox.py reads and writes, in any database; it stays as it is: later changes are migrations"""

_FIRST = (
    """CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        root BLOB NOT NULL,
        path BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'skipped')),
        reason TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0,
        lease REAL NOT NULL DEFAULT 0,
        stem BLOB NOT NULL,
        stem_key BLOB NOT NULL,
        place BLOB NOT NULL,
        written TEXT NOT NULL DEFAULT '',
        ours INTEGER NOT NULL DEFAULT 0,
        outputs TEXT NOT NULL DEFAULT '[]',
        captions INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0,
        queued_at REAL NOT NULL DEFAULT 0,
        started_at REAL NOT NULL DEFAULT 0,
        finished_at REAL NOT NULL DEFAULT 0,
        UNIQUE (place, stem_key)
    )""",
    "CREATE INDEX jobs_due ON jobs (state, root, crashes, id)",
    "CREATE INDEX jobs_written ON jobs (written)",
    """CREATE TABLE documents (
        content TEXT NOT NULL,
        settings TEXT NOT NULL,
        sample TEXT NOT NULL,
        path BLOB NOT NULL,
        body BLOB NOT NULL,
        made_at REAL NOT NULL,
        PRIMARY KEY (content, settings)
    )""",
    "CREATE INDEX documents_sample ON documents (sample)",
    OUTBOX,
)

_RECIPES = (
    # what kind of source the path names, and the recipe that the job was last claimed with: JSON, empty before that
    "ALTER TABLE jobs ADD COLUMN source TEXT NOT NULL DEFAULT 'film'",
    "ALTER TABLE jobs ADD COLUMN recipe TEXT NOT NULL DEFAULT ''",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _RECIPES)
