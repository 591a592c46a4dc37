"""The tables of the search index. Paths are bytes; ``words`` keeps no text of its own, only where each word stands."""

DATABASE = "search.sqlite3"

_FIRST = (
    """CREATE TABLE documents (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        film BLOB NOT NULL,
        language TEXT NOT NULL,
        trouble TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE TABLE captions (
        id INTEGER PRIMARY KEY,
        document INTEGER NOT NULL,
        start REAL NOT NULL,
        end REAL NOT NULL,
        text TEXT NOT NULL
    )""",
    "CREATE INDEX captions_document ON captions (document)",
    # Marks belong to words (Hindi's and Thai's vowels are marks); porter: "circles" finds "circle"
    """CREATE VIRTUAL TABLE words USING fts5(
        body, content='', tokenize="porter unicode61 remove_diacritics 2 categories 'L* N* M* Co'"
    )""",
    """CREATE TABLE vectors (
        document INTEGER NOT NULL,
        model TEXT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (document, model)
    )""",
)
# what stands in summaries and chapters is found too
_SECOND = ("ALTER TABLE captions ADD COLUMN kind TEXT NOT NULL DEFAULT 'caption'",)
# pairs of letters; all is read anew, and a document's number must not find vectors of another
_THIRD = (
    "DROP TABLE words",
    """CREATE VIRTUAL TABLE words USING fts5(
        body, pairs, content='', tokenize="porter unicode61 remove_diacritics 2 categories 'L* N* M* Co'"
    )""",
    "DELETE FROM captions",
    "DELETE FROM vectors",
    "DELETE FROM documents",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND, _THIRD)
