"""Jobs that outlive the process: one row a path, and every change of state one transaction.

offer ---> queued -- claim --> running -- finish --> done | skipped | failed
             ^                    |
             `-- give_back -------'   stopped, the environment failed, another try; recover() after a crash
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.described_before import is_of_another
from pipeline.file_version import FileVersion
from pipeline.outputs import stems
from pipeline.store.database import Connection, Database, Row
from pipeline.store.identity import Found
from pipeline.store.job_row import Job, as_bytes, as_path, as_text, job_of
from pipeline.store.stand_in import called
from pipeline.store.state_folder import damaged
from pipeline.store.waiting import DUE, span
from pipeline.types import REFINE_REFUSED, SUMMARY_REFUSED

CRASHES = 10
"""times that the daemon may die with a film in its hands before the film is held to be the cause"""
PASSING = ("changed", "vanished")
"""reasons of skipped jobs whose file is taken again when it is seen again"""
PARTIAL = "partial"
"""reason of a done job of whose film some windows were refused"""
STATES = ("queued", "running", "done", "failed", "skipped")

NEXT = f"SELECT id FROM jobs WHERE state='queued' AND root=? AND {DUE} ORDER BY crashes, id LIMIT 1"
"""the job that is due next, by root and the two moments between which it still waits"""


class Queue:
    """The table ``jobs``. Raises what Database raises."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def called(self, path: Path) -> Path | str:
        """What people are told of a job's path: the address that it stands for, where it is one of a storage."""
        return called(path, self._db.path.parent)

    def known(self, root: Path) -> dict[Path, FileVersion]:
        """Versions of files below ``root`` that need not be offered again."""
        rows = self._db.rows(
            f"SELECT path, size, mtime_ns FROM jobs WHERE root=? AND NOT (state='skipped' AND reason IN {PASSING})",
            os.fsencode(root),
        )
        return {as_path(row["path"]): FileVersion(row["size"], row["mtime_ns"]) for row in rows}

    def offer(self, root: Path, found: Sequence[Found], *, output_dir: Path | None) -> int:
        """Queue new files and new versions of known ones; how many. What is known in this version stays as it is."""
        fresh, now = 0, time.time()
        with self._db.transaction() as db:
            for path, stamp in found:
                row = db.execute("SELECT id, size, mtime_ns, state, reason FROM jobs WHERE path=?", (as_bytes(path),)).fetchone()
                if row is None:
                    place = output_dir / path.relative_to(root).parent if output_dir is not None else path.parent
                    stem = self._free_stem(db, path, place)
                    db.execute(
                        "INSERT INTO jobs(root, path, size, mtime_ns, state, stem, stem_key, place, queued_at)"
                        " VALUES(?,?,?,?,'queued',?,?,?,?)",
                        (
                            as_bytes(root), as_bytes(path), *stamp, os.fsencode(stem), os.fsencode(stem.casefold()), as_bytes(place), now,
                        ),
                    )  # fmt: skip
                elif (row["size"], row["mtime_ns"]) == stamp and not (row["state"] == "skipped" and row["reason"] in PASSING):
                    db.execute("UPDATE jobs SET root=? WHERE id=? AND root<>?", (as_bytes(root), row["id"], as_bytes(root)))
                    continue
                elif row["state"] == "running":  # ``finish`` sees that it worked on another version, and queues it again
                    db.execute("UPDATE jobs SET size=?, mtime_ns=? WHERE id=?", (*stamp, row["id"]))
                else:
                    db.execute(
                        "UPDATE jobs SET root=?, size=?, mtime_ns=?, state='queued', reason='', message='', attempts=0,"
                        " not_before=0, queued_at=? WHERE id=?",
                        (as_bytes(root), *stamp, now, row["id"]),
                    )
                fresh += 1
        return fresh

    def recover(self) -> int:
        """Take back what a daemon that died was doing; how many. Called by the holder of the state folder's lock."""
        with self._db.transaction() as db:
            died = db.execute(
                "UPDATE jobs SET state='queued', attempts=max(attempts-1, 0), crashes=crashes+1, lease=0 WHERE state='running'"
            ).rowcount
            db.execute(
                "UPDATE jobs SET state='failed', reason='crashed_daemon', finished_at=?,"
                " message='the daemon died each time it worked on this film' WHERE state='queued' AND crashes>=?",
                (time.time(), CRASHES),
            )
        return died

    def retry_at_start(self, root: Path, *, failed: bool, elsewhere: bool) -> int:
        """Queue jobs of a root again whose film the model refused, or windows of it, and all that ``failed`` where that is wished;
        how many. A film that is no longer there is let be, unless the root is ``elsewhere``, a storage's."""
        done, failed_so = (PARTIAL, REFINE_REFUSED, SUMMARY_REFUSED), ("no_window_answered", SUMMARY_REFUSED)
        where = "root=? AND (state='done' AND reason IN (?, ?, ?) OR state='failed' AND reason IN (?, ?))"
        rows = self._db.rows(f"SELECT id, path FROM jobs WHERE {where}", as_bytes(root), *done, *failed_so)
        again = [row["id"] for row in rows if elsewhere or os.path.exists(as_path(row["path"]))]
        with self._db.transaction() as db:
            all_failed = _requeue(db, "state='failed' AND root=?", as_bytes(root)) if failed else 0
            return all_failed + sum(_requeue(db, "state IN ('done', 'failed') AND id=?", one) for one in again)

    def claim(self, root: Path, lease: float, recipe: Recipe | None = None) -> Job | None:
        """The next job, now running with ``recipe``; None where nothing is due. Those that a crash interrupted come last."""
        now, longest = span()
        wait = (as_bytes(root), now, longest)
        if not self._db.rows(NEXT, *wait):
            return None  # without taking the write lock
        with self._db.transaction() as db:
            row = db.execute(
                "UPDATE jobs SET state='running', attempts=attempts+1, lease=?, started_at=?, recipe=coalesce(?, recipe)"
                f" WHERE id=({NEXT}) RETURNING *",
                (now + lease, now, json.dumps(recipe.to_json()) if recipe is not None else None, *wait),
            ).fetchone()
        return self._job(row) if row is not None else None

    def renew(self, lease: float) -> None:
        """Say that what runs is still being worked on. Not worth a sync: a lease lost to a power cut is lost rightly."""
        with self._db.transaction(durable=False) as db:
            db.execute("UPDATE jobs SET lease=? WHERE state='running'", (time.time() + lease,))

    def finish(
        self, job: Job, state: str, *, reason: str = "", message: str = "", written: str | None = None,
        outputs: Sequence[Path] = (), captions: int = 0, deliveries: Sequence[tuple[str, Mapping[str, Any]]] = (),
    ) -> bool:  # fmt: skip
        """End a job, with what is to be done after it. False where its file has changed since: it is queued again."""
        now = time.time()
        with self._db.transaction() as db:
            same = db.execute(
                "UPDATE jobs SET state=?, reason=?, message=?, written=coalesce(?, written), outputs=?, captions=?, crashes=0,"
                " lease=0, finished_at=?, seconds=? WHERE id=? AND size=? AND mtime_ns=?",
                (
                    state, reason, message, written, json.dumps([as_text(path) for path in outputs]), captions, now,
                    round(max(0.0, now - job.started_at), 3), job.id, *job.stamp,
                ),
            ).rowcount  # fmt: skip
            if not same:
                db.execute(
                    "UPDATE jobs SET state='queued', attempts=0, lease=0, not_before=0, written=coalesce(?, written) WHERE id=?",
                    (written, job.id),
                )
                return False
            for kind, body in deliveries:
                db.execute("INSERT INTO outbox(job, kind, body, made_at) VALUES(?,?,?,?)", (job.id, kind, json.dumps(body), now))
        return True

    def give_back(self, job: Job, *, after: float = 0.0, counts: bool = False, reason: str = "", message: str = "") -> None:
        """Queue a running job again, ``after`` seconds from now. ``counts`` says that the try counts as one."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE jobs SET state='queued', attempts=max(attempts-?, 0), lease=0, not_before=?, reason=?, message=?"
                " WHERE id=? AND state='running'",
                (0 if counts else 1, time.time() + after if after else 0, reason, message, job.id),
            )

    def counts(self, root: Path | None = None) -> dict[str, int]:
        """Jobs by state; all states are there."""
        where, values = ("WHERE root=?", (as_bytes(root),)) if root is not None else ("", ())
        rows = self._db.rows(f"SELECT state, count(*) AS n FROM jobs {where} GROUP BY state", *values)
        return {**dict.fromkeys(STATES, 0), **{row["state"]: row["n"] for row in rows}}

    def oldest(self, state: str) -> float:
        """Seconds that the oldest job has been in this state; 0 where there is none."""
        column = "started_at" if state == "running" else "queued_at"
        since = self._db.rows(f"SELECT min({column}) AS since FROM jobs WHERE state=?", state)[0]["since"]
        return max(0.0, time.time() - since) if since else 0.0

    def jobs(self, states: Sequence[str] = ()) -> list[Job]:
        """Jobs in the order of their arrival, of these states or of all."""
        marks = ",".join("?" * len(states))
        return [
            self._job(row)
            for row in self._db.rows(f"SELECT * FROM jobs {f'WHERE state IN ({marks})' if states else ''} ORDER BY id", *states)
        ]

    def find(self, path: Path) -> Job | None:
        rows = self._db.rows("SELECT * FROM jobs WHERE path=?", as_bytes(path))
        return self._job(rows[0]) if rows else None

    def retry(self, jobs: Sequence[Job]) -> int:
        """Queue jobs again that are not queued or running; how many."""
        with self._db.transaction() as db:
            return sum(_requeue(db, "state NOT IN ('queued', 'running') AND id=?", job.id) for job in jobs)

    def forget(self, jobs: Sequence[Job]) -> int:
        """Delete jobs that are not running, and what the model said of their content where no other job has it; how many."""
        with self._db.transaction() as db:
            count = 0
            for job in jobs:
                count += db.execute("DELETE FROM jobs WHERE id=? AND state<>'running'", (job.id,)).rowcount
                if job.written and not db.execute("SELECT 1 FROM jobs WHERE written=?", (job.written,)).fetchone():
                    db.execute("DELETE FROM documents WHERE content || ' ' || settings = ?", (job.written,))
            return count

    def changes(self) -> int:
        """A number that changes when another process has written to the queue."""
        return int(self._db.rows("PRAGMA data_version")[0][0])

    def _job(self, row: Row) -> Job:
        try:
            return job_of(row)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise damaged(self._db.path, f"the row of job {row['id']}: {error}") from error

    def _free_stem(self, db: Connection, path: Path, place: Path) -> str:
        """A stem for the outputs that no other job has in this folder, nor a film that ``caption`` described; see pipeline.outputs."""
        for stem in stems(path):
            taken = db.execute("SELECT 1 FROM jobs WHERE place=? AND stem_key=?", (as_bytes(place), os.fsencode(stem.casefold())))
            if taken.fetchone() is None and not is_of_another(place / f"{stem}.descriptions.json", path):
                return stem
        raise AssertionError("stems() never ends")


def _requeue(db: Connection, where: str, *values: Any) -> int:
    return db.execute(
        f"UPDATE jobs SET state='queued', reason='', message='', attempts=0, crashes=0, not_before=0, queued_at=? WHERE {where}",
        (time.time(), *values),
    ).rowcount
