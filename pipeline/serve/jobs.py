"""Jobs: asked for over HTTP, done by the worker, kept through whatever ends the process.

queued --claim--> in_progress --finish--> completed | failed
  ^  `--cancel--> cancelled <--cancel--'
  `------ give_back, recover (the process died) ------'
"""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.serve.events import add_event
from pipeline.serve.faults import HttpError
from pipeline.store.database import Connection, Database, Row
from pipeline.store.waiting import DUE, span

CRASHES = 3
"""times that the process may die over one job before the job is given up"""
OPEN = ("queued", "in_progress")
STATUSES = (*OPEN, "completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as its row says."""

    number: int
    id: str
    film: str
    task: str
    settings: Mapping[str, Any]
    beside: bool
    """sidecars are written beside the film too: a media server asked"""
    webhook: str
    told: str
    """which media server is told when it is done, and of what: ``jellyfin ID``; empty for none"""
    status: str
    progress: int
    captions: int
    code: str
    """why it failed, or waits again; of one that is completed what is missing, ``partial``"""
    message: str
    outputs: tuple[str, ...]
    attempts: int
    crashes: int
    created_at: float
    started_at: float
    completed_at: float

    @property
    def over(self) -> bool:
        return self.status not in OPEN


class Jobs:
    """The table ``jobs``. Raises what Database raises."""

    def __init__(self, database: Database, *, most: int) -> None:
        self._db, self._most = database, most

    def add(
        self, film: str, task: str, settings: Mapping[str, Any], *, webhook: str = "", key: str | None = None, beside: bool = False,
        told: str = "", afresh: bool = False,
    ) -> tuple[Job, bool]:  # fmt: skip
        """Queue a job; with an idempotency ``key`` that was used before, the job of then. The job, and whether it is new.
        ``afresh``: a job that failed or was cancelled keeps its key from nobody.

        Raises HttpError 409 ``idempotency_key_reused`` (another job was asked for with it) and 429 ``too_many_jobs``.
        """
        asked = json.dumps([film, task, settings, webhook], sort_keys=True)
        with self._db.transaction() as db:
            if afresh:
                db.execute("UPDATE jobs SET idempotency=NULL WHERE idempotency=? AND status IN ('failed', 'cancelled')", (key,))
            if key is not None and (row := db.execute("SELECT * FROM jobs WHERE idempotency=?", (key,)).fetchone()) is not None:
                if row["asked"] != asked:
                    raise HttpError(409, "idempotency_key_reused", "this Idempotency-Key was used for another job")
                return _job(row), False
            waiting = db.execute("SELECT count(*) FROM jobs WHERE status='queued'").fetchone()[0]
            if waiting >= self._most:
                raise HttpError(429, "too_many_jobs", f"{waiting} jobs wait already; come again later", retry_after=60)
            job = f"job-{secrets.token_hex(12)}"
            db.execute(
                "INSERT INTO jobs(id, film, task, settings, beside, webhook, told, idempotency, asked, status, created_at)"
                " VALUES(?,?,?,?,?,?,?,?,?,'queued',?)",
                (job, film, task, json.dumps(settings), beside, webhook, told, key, asked, time.time()),
            )
            add_event(db, job, "state", {"status": "queued"})
            return _job(db.execute("SELECT * FROM jobs WHERE id=?", (job,)).fetchone()), True

    def get(self, id: str) -> Job:
        """Raises HttpError 404 ``no_job``."""
        rows = self._db.rows("SELECT * FROM jobs WHERE id=?", id)
        if not rows:
            raise HttpError(404, "no_job", f"there is no job {id[:80]!r}")
        return _job(rows[0])

    def list(self, *, status: str | None = None, film: str | None = None, after: str | None = None, most: int = 100) -> list[Job]:
        """The newest first. ``after``: the id of the last job of the page before."""
        rows = self._db.rows(
            "SELECT * FROM jobs WHERE (?1 IS NULL OR status=?1) AND (?2 IS NULL OR film=?2)"
            " AND (?3 IS NULL OR number < (SELECT number FROM jobs WHERE id=?3)) ORDER BY number DESC LIMIT ?4",
            status, film, after, most,
        )  # fmt: skip
        return [_job(row) for row in rows]

    def position(self, job: Job) -> int:
        """How many jobs are before this one that waits."""
        rows = self._db.rows("SELECT count(*) AS n FROM jobs WHERE status='queued' AND number<?", job.number)
        return int(rows[0]["n"])

    def counts(self) -> dict[str, int]:
        """Jobs by status; all are there."""
        rows = self._db.rows("SELECT status, count(*) AS n FROM jobs GROUP BY status")
        return {**dict.fromkeys(STATUSES, 0), **{row["status"]: row["n"] for row in rows}}

    def recover(self) -> int:
        """Take back what a process that died was doing; how many."""
        with self._db.transaction() as db:
            died = db.execute(
                "UPDATE jobs SET status='queued', attempts=max(attempts-1, 0), crashes=crashes+1, lease=0 WHERE status='in_progress'"
            ).rowcount
            given_up = db.execute("SELECT id FROM jobs WHERE status='queued' AND crashes>=?", (CRASHES,)).fetchall()
            for row in given_up:
                _end(db, row["id"], "failed", code="crashed_daemon", message="the service died each time it worked on this film")
        return died

    def claim(self, lease: float) -> Job | None:
        """The job that is due next, now in progress; None where there is none. Those that a crash interrupted come last."""
        due, wait = f"SELECT number FROM jobs WHERE status='queued' AND {DUE} ORDER BY crashes, number LIMIT 1", span()
        now, _ = wait
        if not self._db.rows(due, *wait):
            return None  # without taking the write lock
        with self._db.transaction() as db:
            row = db.execute(
                "UPDATE jobs SET status='in_progress', attempts=attempts+1, lease=?, started_at=CASE WHEN started_at=0 THEN ? ELSE started_at"
                f" END WHERE number=({due}) RETURNING *",
                (now + lease, now, *wait),
            ).fetchone()
            add_event(db, row["id"], "state", {"status": "in_progress"})
            return _job(row)

    def renew(self, lease: float) -> None:
        """Say that what is in progress is still being worked on."""
        with self._db.transaction(durable=False) as db:
            db.execute("UPDATE jobs SET lease=? WHERE status='in_progress'", (time.time() + lease,))

    def advance(
        self, job: Job, progress: int, captions: int, events: Sequence[tuple[str, str | None, Mapping[str, Any]]]
    ) -> None:
        """What happened to a job since it was last said: events as (name, mark, data). A power cut may undo it, a crash may not."""
        with self._db.transaction(durable=False) as db:
            db.execute(
                "UPDATE jobs SET progress=max(progress, ?), captions=max(captions, ?) WHERE id=? AND status='in_progress'",
                (progress, captions, job.id),
            )
            for name, mark, data in events:
                add_event(db, job.id, name, data, mark=mark)

    def finish(
        self,
        job: Job,
        status: str,
        *,
        code: str = "",
        message: str = "",
        outputs: Sequence[str] = (),
        captions: int | None = None,
    ) -> None:
        """End a job that is in progress."""
        with self._db.transaction() as db:
            _end(db, job.id, status, code=code, message=message, outputs=outputs, captions=captions)

    def give_back(self, job: Job, *, after: float = 0.0, counts: bool = False, code: str = "", message: str = "") -> None:
        """Queue a job in progress again, ``after`` seconds from now. ``counts`` says that the try counts as one."""
        with self._db.transaction() as db:
            changed = db.execute(
                "UPDATE jobs SET status='queued', attempts=max(attempts-?, 0), lease=0, not_before=?, code=?, message=?"
                " WHERE id=? AND status='in_progress'",
                (0 if counts else 1, time.time() + after if after else 0, code, message, job.id),
            ).rowcount
            if changed:
                add_event(db, job.id, "state", {"status": "queued"})

    def cancel(self, id: str) -> None:
        """End a job that waits or runs; one that is over stays as it is."""
        with self._db.transaction() as db:
            _end(db, id, "cancelled")

    def trim(self, before: float) -> None:
        """Forget the events of jobs that were over before a moment; the jobs stay."""
        with self._db.transaction(durable=False) as db:
            db.execute("DELETE FROM events WHERE job IN (SELECT id FROM jobs WHERE completed_at>0 AND completed_at<?)", (before,))


def _end(
    db: Connection,
    job: str,
    status: str,
    *,
    code: str = "",
    message: str = "",
    outputs: Sequence[str] = (),
    captions: int | None = None,
) -> None:
    """End a job that is not over, however it ends, and note in the same transaction whom to tell: its webhook, and of one that is
    completed the media server."""
    row = db.execute(
        "UPDATE jobs SET status=?, code=?, message=?, outputs=?, captions=coalesce(?, captions), lease=0, completed_at=?, crashes=0,"
        " progress=CASE WHEN ?='completed' THEN 100 ELSE progress END WHERE id=? AND status IN ('queued', 'in_progress')"
        " RETURNING number, film, webhook, told",
        (status, code, message, json.dumps(list(outputs)), captions, time.time(), status, job),
    ).fetchone()
    if row is None:
        return
    if status == "completed":
        if code:
            add_event(db, job, "notice", {"code": code, "message": message})
        add_event(db, job, "done", {"outputs": list(outputs)})
    elif status == "failed":
        add_event(db, job, "error", {"code": code, "message": message})
    else:
        add_event(db, job, "state", {"status": status})
    body = json.dumps({"path": row["film"], "job": job})
    for kind, wanted in (("webhook", row["webhook"]), ("server", row["told"] if status == "completed" else "")):
        if wanted:
            db.execute("INSERT INTO outbox(job, kind, body, made_at) VALUES(?,?,?,?)", (row["number"], kind, body, time.time()))


def _job(row: Row) -> Job:
    return Job(
        number=row["number"], id=row["id"], film=row["film"], task=row["task"], settings=json.loads(row["settings"]),
        beside=bool(row["beside"]), webhook=row["webhook"], told=row["told"], status=row["status"], progress=row["progress"],
        captions=row["captions"], code=row["code"], message=row["message"], outputs=tuple(json.loads(row["outputs"])),
        attempts=row["attempts"], crashes=row["crashes"], created_at=row["created_at"], started_at=row["started_at"],
        completed_at=row["completed_at"],
    )  # fmt: skip
