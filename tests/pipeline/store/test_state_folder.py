"""The state folder over time and in others' hands: older, newer, damaged, and nobody else's to read."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
import zlib
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest

from pipeline.errors import EnvironmentFault
from pipeline.file_version import FileVersion
from pipeline.fleet.fleet import host_log
from pipeline.store.database import Database
from pipeline.store.documents import DocumentStore
from pipeline.store.identity import Found
from pipeline.store.outbox import Outbox
from pipeline.store.queue import Queue
from pipeline.store.schema import MIGRATIONS
from pipeline.store.state_folder import DATABASE, OURS
from pipeline.watch.lock import StateLock


def filled(folder: Path, version: int = len(MIGRATIONS)) -> None:
    """A state folder as a release with the first ``version`` migrations left it: one job done, its document, a delivery."""
    folder.mkdir(parents=True)
    db = sqlite3.connect(folder / DATABASE)
    for statements in MIGRATIONS[:version]:
        for statement in statements:
            db.execute(statement)
    db.execute(
        "INSERT INTO jobs(root, path, size, mtime_ns, state, stem, stem_key, place, written, outputs)"
        " VALUES(x'2f696e', x'2f696e2f612e6d7034', 1, 1, 'done', x'61', x'61', x'2f6f7574', 'content settings', '[\"a.json\"]')"
    )
    document = ("content", "settings", "sample", b"/in/a.mp4", zlib.compress(b"{}"), 1.0)
    db.execute("INSERT INTO documents VALUES(?,?,?,?,?,?)", document)
    db.execute("INSERT INTO outbox(job, kind, body, made_at) VALUES(1, 'webhook', '{\"path\": \"a\"}', 1)")
    db.execute(f"PRAGMA user_version={version}")
    db.commit()
    db.close()


def everything(folder: Path) -> None:
    """Use all that a state folder holds."""
    database = Database(folder)
    try:
        queue = Queue(database)
        queue.recover()
        queue.offer(Path("/in"), [Found(Path("/in/b.mp4"), FileVersion(2, 2))], output_dir=None)
        queue.jobs()
        queue.known(Path("/in"))
        queue.claim(Path("/in"), 60)
        DocumentStore(database).find("content", "settings")
        Outbox(database).due("webhook")
    finally:
        database.close()


def test_steps_that_were_released_never_change() -> None:
    """The step of version 1, as 0.1.0 wrote it: a state folder of that time is what it makes."""
    text = " ".join(" ".join(MIGRATIONS[0]).split())
    assert blake2b(text.encode(), digest_size=8).hexdigest() == "05d51e121e5e2f25"


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_an_older_state_folder_is_taken_over(tmp_path: Path, version: int) -> None:
    filled(tmp_path / "state", version)
    database = Database(tmp_path / "state")
    (job,) = Queue(database).jobs()
    assert (job.path, job.state, job.written, job.outputs) == (Path("/in/a.mp4"), "done", "content settings", ("a.json",))
    stored = DocumentStore(database).find("content", "settings")
    assert stored is not None
    assert stored.text == "{}"
    assert [delivery.body for delivery in Outbox(database).due("webhook")] == [{"path": "a"}]
    assert (job.source, job.recipe) == ("film", None), "nobody knows any more"
    assert database.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    database.close()


def test_a_newer_state_folder_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    filled(tmp_path / "state")
    db = sqlite3.connect(tmp_path / "state" / DATABASE)
    db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(EnvironmentFault, match="state_too_new"):
        Database(tmp_path / "state")
    db = sqlite3.connect(tmp_path / "state" / DATABASE)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    db.close()


def test_a_state_folder_that_cannot_be_written_is_a_fault_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="state_unwritable"):
        Database(tmp_path / "file" / "state")
    with pytest.raises(EnvironmentFault, match="state_unwritable"):
        Database(tmp_path / "file")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "a" / "state"
        with StateLock(folder):
            database = Database(folder)
            Queue(database).offer(Path("/in"), [Found(Path("/in/a.mp4"), FileVersion(1, 1))], output_dir=None)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            database.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(modes) == 4
    assert set(modes) <= set(OURS)
    assert set(modes.values()) == {0o600}


def test_what_an_older_version_made_becomes_private_and_a_folder_of_others_stays(tmp_path: Path) -> None:
    filled(tmp_path / "state")
    filled(tmp_path / "shared")
    (tmp_path / "shared" / "notes.txt").touch()
    for name in ("state", "shared"):
        (tmp_path / name).chmod(0o755)
        (tmp_path / name / DATABASE).chmod(0o644)
        Database(tmp_path / name).close()
        assert stat.S_IMODE((tmp_path / name / DATABASE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755


def test_what_other_commands_put_there_is_ours_too(tmp_path: Path) -> None:
    filled(tmp_path / "state")
    files = ("engine.log", "engine-1.log", "engine.log.1", "engine.log.logging.json", "past.json", "search.sqlite3")
    for name in files:
        (tmp_path / "state" / name).touch(mode=0o644)
    (tmp_path / "state" / "serve").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)
    Database(tmp_path / "state").close()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert {stat.S_IMODE((tmp_path / "state" / name).stat().st_mode) for name in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "state" / "serve").stat().st_mode) == 0o755, "a folder is not made a file's mode"


def test_a_hosts_log_makes_it_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert host_log(None, 1).name == "engine-1.log"
    assert stat.S_IMODE((tmp_path / "scenescribe").stat().st_mode) == 0o700


GARBAGE = {"text": b"this is no database\n" * 200, "head": b"SQLite format 3\0" + b"\xff" * 4096}


@pytest.mark.parametrize("kind", [*GARBAGE, "fifo", "folder", "other tables", "no outbox"])
def test_what_is_no_database_of_ours_is_told(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "state"
    path = folder / DATABASE
    if kind == "no outbox":
        filled(folder)
        db = sqlite3.connect(path)
        db.execute("DROP TABLE outbox")
        db.close()
    else:
        folder.mkdir()
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "other tables":
            db = sqlite3.connect(path)
            db.execute("CREATE TABLE jobs (name TEXT)")
            db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            db.close()
        else:
            path.write_bytes(GARBAGE[kind])
    with pytest.raises(EnvironmentFault) as caught:
        Database(folder)
    assert caught.value.code == ("state_unwritable" if kind == "folder" else "state_damaged")


def test_bytes_that_flipped_are_told_or_do_no_harm(tmp_path: Path) -> None:
    filled(tmp_path / "good")
    everything(tmp_path / "good")
    good = (tmp_path / "good" / DATABASE).read_bytes()
    chance, codes = random.Random(42), set()
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        bad = bytearray(good)
        for _ in range(chance.choice((1, 8, 200))):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        (folder / DATABASE).write_bytes(bad)
        try:
            everything(folder)
        except EnvironmentFault as fault:
            codes.add(fault.code)
    assert "state_damaged" in codes
    assert codes <= {"state_damaged", "state_unwritable", "state_too_new"}


def test_rows_that_no_version_wrote_are_told(tmp_path: Path) -> None:
    deep = "[" * 100_000
    for number, change in enumerate(
        ("outputs='[1]'", "outputs='['", f"outputs='{deep}'", "path=7", "size='x'", "recipe='{}'", "recipe='[]'")
    ):
        folder = tmp_path / str(number)
        filled(folder)
        db = sqlite3.connect(folder / DATABASE)
        db.execute(f"UPDATE jobs SET {change}")
        db.execute("UPDATE outbox SET body='[]'")
        db.execute("UPDATE documents SET body=x'00'")
        db.commit()
        db.close()
        database = Database(folder)
        with pytest.raises(EnvironmentFault, match="state_damaged"):
            Queue(database).jobs()
        assert DocumentStore(database).find("content", "settings") is None
        assert Outbox(database).due("webhook") == []
        assert Outbox(database).left() == 0
        database.close()


def test_a_damaged_state_folder_ends_watch_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "state" / DATABASE).write_bytes(GARBAGE["text"])
    for words in (["watch", str(tmp_path / "in"), "--engine", "echo", "--state-dir"], ["jobs", "list", "--state-dir"]):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *words, str(tmp_path / "state")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 3, done.stderr
        assert "state_damaged" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "made", ["CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM jobs; END", "CREATE VIEW v AS SELECT 1 FROM jobs"]
)
def test_a_trigger_in_it_never_runs(made: str, tmp_path: Path) -> None:
    """One that somebody left may have no end: it ran with the next row."""
    with closing(Database(tmp_path / "state")):
        pass
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE)) as db:
        db.execute(made)
        db.commit()
    with pytest.raises(EnvironmentFault, match=r"there is a (trigger 't'|view 'v') in it") as caught:
        Database(tmp_path / "state")
    assert caught.value.code == "state_damaged"
