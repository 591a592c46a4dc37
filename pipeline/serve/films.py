"""Films that the service knows: uploads, named by their content, and files below a root, named by their place and version."""

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pipeline.file_version import FileVersion
from pipeline.live.wall import AHEAD, UNSET, steady
from pipeline.serve.faults import HttpError
from pipeline.store.database import Database, Row
from pipeline.store.job_row import as_bytes, as_path
from pipeline.types import VideoInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFilm:
    """One film. ``root`` None: it was uploaded."""

    id: str
    name: str
    root: Path | None
    relative: Path
    size: int
    mtime_ns: int
    purpose: str
    facts: Mapping[str, Any]
    """duration, fps, width, height, codec, has_audio: what the probe found"""
    created_at: float
    used_at: float

    @classmethod
    def seen(
        cls, id: str, root: Path | None, relative: Path, version: FileVersion, info: VideoInfo, purpose: str = ""
    ) -> "KnownFilm":
        """A film that the service sees for the first time."""
        now = time.time()
        return cls(
            id=id, name=os.fsencode(relative.name).decode("utf-8", "replace"), root=root, relative=relative, size=version.size,
            mtime_ns=version.mtime_ns, purpose=purpose, facts=facts_of(info), created_at=now, used_at=now,
        )  # fmt: skip

    @property
    def version(self) -> FileVersion:
        return FileVersion(self.size, self.mtime_ns)


def id_of_content(digest: str) -> str:
    """The id of an upload by the hash of all its bytes."""
    return f"film-{digest[:32]}"


def id_of_place(root: Path, relative: Path, version: FileVersion) -> str:
    """The id of a file below a root as it stands there now: another version is another film."""
    made = blake2b(as_bytes(root / relative) + f"\0{version.size}\0{version.mtime_ns}".encode(), digest_size=16)
    return f"film-{made.hexdigest()}"


def facts_of(info: VideoInfo) -> dict[str, Any]:
    return {
        "duration": info.duration, "fps": info.fps, "width": info.width, "height": info.height, "codec": info.codec,
        "container": info.container, "has_audio": info.has_audio,
        "warnings": [{"code": notice.code, "message": notice.message} for notice in info.notices],
    }  # fmt: skip


class Films:
    """The table ``films``. Raises what Database raises."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = steady) -> None:
        self._db, self._clock = database, clock
        self._used: dict[str, float] = {}
        """film -> when this process saw it used last, by a clock that nobody can set"""

    def add(self, film: KnownFilm) -> bool:
        """Know a film; whether it is new."""
        self._used[film.id] = self._clock()
        with self._db.transaction() as db:
            return bool(
                db.execute(
                    "INSERT INTO films VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET used_at=excluded.used_at,"
                    # one whose file was lost may be sent again under another name
                    " name=excluded.name, relative=excluded.relative, mtime_ns=excluded.mtime_ns"
                    " RETURNING created_at=used_at",
                    (
                        film.id, film.name, as_bytes(film.root) if film.root else b"", as_bytes(film.relative), film.size, film.mtime_ns,
                        film.purpose, json.dumps(film.facts), film.created_at, film.used_at,
                    ),
                ).fetchone()[0]
            )  # fmt: skip

    def get(self, id: str) -> KnownFilm:
        """Raises HttpError 404 ``no_film``."""
        rows = self._db.rows("SELECT * FROM films WHERE id=?", id)
        if not rows:
            raise HttpError(404, "no_film", f"there is no film {id[:80]!r}: upload it, or add it by its path")
        return _film(rows[0])

    def known(self, id: str) -> bool:
        return bool(self._db.rows("SELECT 1 FROM films WHERE id=?", id))

    def ids(self) -> frozenset[str]:
        return frozenset(row["id"] for row in self._db.rows("SELECT id FROM films"))

    def all(self, *, after: KnownFilm | None = None, most: int = 1000, uploads: bool = False) -> list[KnownFilm]:
        """The newest first; ``after``: the last of the page before. ``uploads``: those alone that were sent."""
        sent = "root=x''" if uploads else "1"
        rows = self._db.rows(
            f"SELECT * FROM films WHERE {sent} AND (?1 IS NULL OR created_at<?1 OR (created_at=?1 AND id>?2))"
            " ORDER BY created_at DESC, id LIMIT ?3",
            after.created_at if after else None, after.id if after else None, most,
        )  # fmt: skip
        return [_film(row) for row in rows]

    def touch(self, id: str) -> None:
        """It was used just now: it is kept for as long again."""
        self._used[id] = self._clock()
        with self._db.transaction(durable=False) as db:
            db.execute("UPDATE films SET used_at=? WHERE id=?", (time.time(), id))

    def remove(self, id: str) -> None:
        """Forget a film. Raises HttpError 409 ``film_in_use`` where a job of it waits or runs."""
        with self._db.transaction() as db:
            if db.execute("SELECT 1 FROM jobs WHERE film=? AND status IN ('queued', 'in_progress')", (id,)).fetchone():
                raise HttpError(409, "film_in_use", "a job of this film waits or runs: cancel it first")
            db.execute("DELETE FROM films WHERE id=?", (id,))
        self._used.pop(id, None)

    def unused(self, seconds: float, now: float) -> list[str]:
        """Uploads that nobody used for so long, whatever the wall clock was set to meanwhile, and that no job waits for."""
        rows = self._db.rows(
            "SELECT id FROM films WHERE root=x'' AND used_at<? AND id NOT IN"
            " (SELECT film FROM jobs WHERE status IN ('queued', 'in_progress'))",
            now - seconds,
        )  # fmt: skip
        lately = self._clock() - seconds
        return [row["id"] for row in rows if self._used.get(row["id"], -math.inf) < lately]

    def used_now(self, now: float, *, all: bool) -> int:
        """Take uploads for used now, and say how many: ``all``, or those alone whose last use no clock that was right can have told."""
        wrong = "1" if all else "used_at NOT BETWEEN ? AND ?"
        with self._db.transaction() as db:
            values = (now,) if all else (now, UNSET, now + AHEAD)
            return db.execute(f"UPDATE films SET used_at=? WHERE root=x'' AND {wrong}", values).rowcount


def _film(row: Row) -> KnownFilm:
    return KnownFilm(
        id=row["id"], name=row["name"], root=as_path(row["root"]) if row["root"] else None, relative=as_path(row["relative"]),
        size=row["size"], mtime_ns=row["mtime_ns"], purpose=row["purpose"], facts=json.loads(row["facts"]),
        created_at=row["created_at"], used_at=row["used_at"],
    )  # fmt: skip
