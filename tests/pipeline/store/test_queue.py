"""Jobs: each path once, each change of state one transaction, names of any bytes."""

import os
import time
from pathlib import Path

import pytest

from pipeline.captioning.recipe import Recipe
from pipeline.file_version import FileVersion
from pipeline.store.database import Database
from pipeline.store.documents import DocumentStore
from pipeline.store.identity import Found
from pipeline.store.job_row import Job
from pipeline.store.outbox import Outbox
from pipeline.store.queue import CRASHES, NEXT, Queue

ROOT, OUT = Path("/in"), Path("/out")
FIRST = FileVersion(1, 1)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


def offer(queue: Queue, *names: str, stamp: FileVersion = FIRST) -> int:
    return queue.offer(ROOT, [Found(ROOT / name, stamp) for name in names], output_dir=OUT)


def claim(queue: Queue) -> Job:
    job = queue.claim(ROOT, 60)
    assert job is not None
    return job


def states(queue: Queue) -> dict[str, str]:
    return {job.path.name: job.state for job in queue.jobs()}


def test_a_version_is_queued_once(queue: Queue) -> None:
    assert offer(queue, "a.mp4", "b.mp4") == 2
    assert offer(queue, "a.mp4", "b.mp4") == 0
    job = claim(queue)
    assert (job.path, job.state, job.attempts) == (ROOT / "a.mp4", "running", 1)
    assert queue.finish(job, "done", outputs=[OUT / "a.json"], captions=3)
    assert offer(queue, "a.mp4") == 0
    assert offer(queue, "a.mp4", stamp=FileVersion(2, 2)) == 1
    assert states(queue) == {"a.mp4": "queued", "b.mp4": "queued"}
    assert queue.known(ROOT) == {ROOT / "a.mp4": FileVersion(2, 2), ROOT / "b.mp4": FileVersion(1, 1)}


def test_a_file_that_changes_while_it_runs_is_queued_again(queue: Queue) -> None:
    offer(queue, "a.mp4")
    job = claim(queue)
    offer(queue, "a.mp4", stamp=FileVersion(2, 2))
    assert queue.finish(job, "done") is False
    assert claim(queue).stamp == FileVersion(2, 2)


def test_what_changed_or_vanished_is_taken_when_it_is_seen_again(queue: Queue) -> None:
    offer(queue, "a.mp4")
    queue.finish(claim(queue), "skipped", reason="vanished")
    assert queue.known(ROOT) == {}
    assert offer(queue, "a.mp4") == 1
    assert states(queue) == {"a.mp4": "queued"}


def test_a_crash_takes_no_attempt_and_puts_the_film_last(queue: Queue) -> None:
    offer(queue, "a.mp4", "b.mp4")
    claim(queue)
    assert queue.recover() == 1
    assert claim(queue).path.name == "b.mp4"
    job = claim(queue)
    assert (job.path.name, job.attempts, job.crashes) == ("a.mp4", 1, 1)


def test_a_film_that_always_kills_the_daemon_is_given_up(queue: Queue) -> None:
    offer(queue, "a.mp4")
    for _ in range(CRASHES):
        claim(queue)
        queue.recover()
    (job,) = queue.jobs()
    assert (job.state, job.reason) == ("failed", "crashed_daemon")


def test_giving_back_counts_or_does_not(queue: Queue) -> None:
    offer(queue, "a.mp4")
    queue.give_back(claim(queue))
    assert claim(queue).attempts == 1
    queue.give_back(queue.jobs()[0], counts=True, reason="crashed_worker")
    assert claim(queue).attempts == 2
    queue.give_back(queue.jobs()[0], after=60)
    assert queue.claim(ROOT, 60) is None


def test_what_a_clock_that_was_ahead_put_off_is_due_when_it_is_set_right(
    queue: Queue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(queue, "a.mp4", "b.mp4")
    queue.finish(claim(queue), "done", deliveries=[("webhook", {"path": "a"})])
    job, outbox = claim(queue), Outbox(database)
    (delivery,) = outbox.due("webhook")
    right = time.time
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: right() + 86_400)
        queue.give_back(job, after=2)
        outbox.later(delivery, 3500)
        assert queue.claim(ROOT, 60) is None
        assert outbox.due("webhook") == []
    assert claim(queue).id == job.id
    assert [one.id for one in outbox.due("webhook")] == [delivery.id]


def test_a_job_that_ends_before_it_began_took_no_time(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(queue, "a.mp4")
    job, right = claim(queue), time.time
    monkeypatch.setattr(time, "time", lambda: right() - 86_400)
    queue.finish(job, "done")
    assert queue.jobs()[0].seconds == 0.0


def test_roots_are_apart(queue: Queue) -> None:
    offer(queue, "a.mp4")
    assert queue.claim(Path("/other"), 60) is None
    assert queue.counts(Path("/other"))["queued"] == 0
    assert queue.counts()["queued"] == 1


def test_outputs_never_have_one_name(queue: Queue) -> None:
    offer(queue, "a.mp4", "a.mkv", "A.mp4", "x/a.mp4")
    places = {(job.place, job.stem.casefold()) for job in queue.jobs()}
    assert len(places) == 4
    assert [job.stem for job in queue.jobs()][:2] == ["a", "a.mkv"]


def test_names_are_bytes(queue: Queue) -> None:
    name = os.fsdecode(b"sch\xf6n\n'\"; DROP TABLE jobs.mp4")
    offer(queue, name)
    assert queue.jobs()[0].path == ROOT / name
    assert queue.find(ROOT / name) is not None


def test_retry_and_forget(queue: Queue, database: Database) -> None:
    documents = DocumentStore(database)
    offer(queue, "a.mp4", "b.mp4")
    job = claim(queue)
    documents.keep(job, "content", "settings", "sample", "{}")
    queue.finish(job, "failed", reason="x", written="content settings")
    running = claim(queue)
    assert queue.retry(queue.jobs()) == 1
    assert queue.forget([running]) == 0, "what runs is not forgotten"
    assert queue.forget(queue.jobs()[:1]) == 1
    assert documents.find("content", "settings") is None
    assert states(queue) == {"b.mp4": "running"}


def test_a_document_is_known_by_content_and_settings(queue: Queue, database: Database) -> None:
    documents = DocumentStore(database)
    offer(queue, "a.mp4")
    documents.keep(claim(queue), "content", "settings", "sample", "{}")
    stored = documents.find("content", "settings")
    assert stored is not None
    assert (stored.text, stored.path) == ("{}", ROOT / "a.mp4")
    assert documents.find("content", "others") is None
    assert documents.has_sample("sample")
    assert not documents.has_sample("other")
    assert queue.jobs()[0].ours


def test_deliveries_come_with_the_end_of_a_job(queue: Queue, database: Database) -> None:
    outbox = Outbox(database)
    offer(queue, "a.mp4")
    job = claim(queue)
    offer(queue, "a.mp4", stamp=FileVersion(2, 2))
    queue.finish(job, "done", deliveries=[("webhook", {"path": "a"})])
    assert outbox.left() == 0, "it did not end"
    queue.finish(claim(queue), "done", deliveries=[("webhook", {"path": "a"})])
    (delivery,) = outbox.due("webhook")
    outbox.later(delivery, 60)
    assert outbox.due("webhook") == []
    outbox.done(delivery.id)
    assert outbox.left() == 0


def test_two_processes_see_each_other(queue: Queue, tmp_path: Path) -> None:
    offer(queue, "a.mp4")
    before = queue.changes()
    other = Database(tmp_path / "state")
    Queue(other).forget(Queue(other).jobs())
    other.close()
    assert queue.changes() != before
    assert queue.jobs() == []


def test_a_claim_looks_at_no_more_rows_than_it_takes(queue: Queue, database: Database) -> None:
    """An index gives the next job in order: among a hundred thousand it is as quick as among three."""
    offer(queue, *(f"{i}.mp4" for i in range(30)))
    plan = database.rows(f"EXPLAIN QUERY PLAN {NEXT}", os.fsencode(ROOT), 0, 0)
    assert [row["detail"] for row in plan] == ["SEARCH jobs USING INDEX jobs_due (state=? AND root=?)"]


def test_a_job_carries_the_recipe_that_it_was_claimed_with(queue: Queue) -> None:
    recipe = Recipe(model="tiny", prompt="What is \u732b?", windows="fixed:seconds=3")
    offer(queue, "a.mp4")
    job = queue.claim(ROOT, 60, recipe)
    assert job is not None
    assert (job.source, job.recipe) == ("film", recipe)
    queue.give_back(job)
    assert queue.jobs()[0].recipe == recipe, "it is known what was under way"
    job = queue.claim(ROOT, 60, recipe.changed(language="de"))
    assert job is not None
    assert job.recipe == recipe.changed(language="de"), "settings count when a film is described"


def test_the_captions_of_a_film_that_caption_described_keep_their_name(queue: Queue, tmp_path: Path) -> None:
    """``a.mkv`` is the first that the queue hears of; ``a.mp4`` was described before there was a watch."""
    (tmp_path / "a.mp4").write_bytes(b"0123456789")
    (tmp_path / "a.descriptions.json").write_text('{"schema_version": 1, "source": {"name": "a.mp4", "size": 10}}')
    for name in ("a.mkv", "b.mkv"):
        (tmp_path / name).write_bytes(b"x")
        queue.offer(tmp_path, [Found(tmp_path / name, FIRST)], output_dir=None)
    assert {job.path.name: job.stem for job in queue.jobs()} == {"a.mkv": "a.mkv", "b.mkv": "b"}
