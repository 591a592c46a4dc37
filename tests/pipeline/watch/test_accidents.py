"""A fault of ours at any step of a film under watch is that film's: told with its traceback, tried again, and the others go on."""

import asyncio
import errno
import os
import threading
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from accidents import ACCIDENTS, breaks, code_of, event_of
from watched import House, until

from pipeline.errors import EnvironmentFault
from pipeline.store.queue import Queue
from pipeline.watch.intake import Intake
from pipeline.watch.observer import WatchObserver
from pipeline.watch.shares import Share
from pipeline.watch.status import heartbeat
from pipeline.watch.timings import Timings
from pipeline.watch.unended import Unended


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


STEPS = [
    "pipeline.watch.work.name_outputs",
    "pipeline.watch.work.made",
    "pipeline.watch.observer.LogLines.film",
    "pipeline.watch.elsewhere.Elsewhere.film",
    "pipeline.watch.work.Opened",
    "pipeline.watch.work.ContentLookup",
    "pipeline.studio.Studio.recipe_of",
    "pipeline.watch.work.ContentLookup.find",
    "scripts.soaks.madeup.TextFilm.probe",
    "pipeline.sinks.files.FileSink.open",
    "pipeline.one_reading.Journal",
    "scripts.soaks.madeup.TextFilm.windows",
    "scripts.soaks.madeup.Reading.__iter__",
    "pipeline.engine.supervisor.Supervisor.ask",
    "pipeline.store.journal.Journal.add",
    "pipeline.watch.metrics.Counters.captioned",
    "pipeline.sinks.files.FileSink.caption",
    "pipeline.one_reading.film_stats",
    "scripts.soaks.madeup.TextFilm.changed",
    "pipeline.watch.work.ContentLookup.keep",
    "pipeline.store.documents.DocumentStore.keep",
    "pipeline.sinks.files.FileSink.close",
    "pipeline.sinks.files.FileSink._write_texts",
    "pipeline.summarizer.Summarizer.files",
    "pipeline.passes.files.SummaryFiles.earlier",
    "pipeline.summarizer.summarize",
    "pipeline.passes.files.SummaryFiles.write_texts",
    "pipeline.watch.work.ContentLookup.__aexit__",
    "pipeline.watch.work.Worker._ended",
    "pipeline.watch.work._deliveries",
    "pipeline.store.queue.Queue.finish",
]
"""what happens to a film under watch, and to its job, in order"""


def resolved(step: str) -> tuple[object, str]:
    """The module or class that a step is an attribute of, and its name there."""
    *words, name = step.split(".")
    of_class = int(words[-1][0].isupper())
    module = import_module(".".join(words[: len(words) - of_class]))
    return (getattr(module, words[-1]) if of_class else module), name


@pytest.mark.parametrize("step", STEPS)
async def test_an_accident_at_any_step_is_that_films_alone_and_it_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two: a bug, and a disk that is full where nobody thought of it."""
    house.film("a.txt", "one")
    house.film("b.txt", "two")
    left, (owner, name) = [*ACCIDENTS], resolved(step)
    monkeypatch.setattr(owner, name, breaks(getattr(owner, name), left))
    assert await house.once(summarize=True) == 0
    jobs = house.jobs()
    assert {name: job.state for name, job in jobs.items()} == {"a.txt": "done", "b.txt": "done"}
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    traces = [(entry["event"], entry["exc_info"]) for entry in logged if "exc_info" in entry]
    assert 1 <= len(traces) <= 2, "one, where both struck windows of one film that were under way at once"
    assert {id(error) for _, error in traces} <= {id(error) for error in ACCIDENTS}
    assert len({id(error) for _, error in traces}) == len(traces)
    assert all(event == event_of(error) for event, error in traces)
    bugs = [error for _, error in traces if code_of(error) == "internal_error"]
    assert [entry["reason"] for entry in logged if entry["event"] == "another try"] == ["internal_error"] * len(bugs)
    assert sum(job.attempts for job in jobs.values()) - len(jobs) == len(bugs), "a full disk is waited for, and no try"
    waits = [entry["reason"] for entry in logged if entry["event"] == "waiting"]
    assert waits == ["no_space"] * (len(traces) - len(bugs))
    assert left == []
    assert sorted(path.name for path in house.out.iterdir()) == [
        f"{name}.{kind}" for name in "ab" for kind in ("descriptions.en.srt", "descriptions.json", "summary.json", "summary.md")
    ]


@pytest.mark.parametrize(
    "step", ["scripts.soaks.madeup.TextFilm.windows", "pipeline.watch.work.Worker._ended", "pipeline.watch.work._deliveries"]
)
async def test_an_accident_that_stays_is_a_failure_and_is_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """In the film, in its end, and in the end of a failure too."""

    def accident(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug of ours")

    house.film("a.txt")
    with monkeypatch.context() as broken:
        broken.setattr(step, accident)
        assert await house.once() == 1, "the daemon goes on to its end"
    job = house.jobs()["a.txt"]
    assert (job.state, job.reason, job.attempts) == ("failed", "internal_error", 3)
    assert await house.once(retry_failed=True) == 0
    assert house.states() == {"a.txt": "done"}
    assert house.left() == []


@pytest.mark.parametrize("times", [7, 9, None])
async def test_an_end_that_cant_be_written_ends_no_daemon(
    house: House, monkeypatch: pytest.MonkeyPatch, times: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """It is written as soon as it can be; where that is never, the next start takes the film back."""
    for name in "ab":
        house.film(f"{name}.txt", name)
    left = [ACCIDENTS[0]] * (times or 0)

    def never(*_: Any, **__: Any) -> Any:
        raise ACCIDENTS[0]

    with monkeypatch.context() as broken:
        broken.setattr(Queue, "finish", breaks(Queue.finish, left) if times else never)
        assert await house.once() == 1
    assert left == []
    jobs = house.jobs()
    if times:
        assert {job.state for job in jobs.values()} <= {"failed", "done"}
        assert "failed" in {job.state for job in jobs.values()}
        assert {job.reason for job in jobs.values() if job.state == "failed"} == {"internal_error"}
    else:
        assert {job.state for job in jobs.values()} == {"running"}
    assert await house.once(retry_failed=True) == 0
    assert house.states() == {"a.txt": "done", "b.txt": "done"}


async def test_an_end_is_tried_once_more_when_the_daemon_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two jobs that end at once the last look may be that of the other one: it ended the run, and the next start did the film anew."""
    house.film("a.txt")
    over, finish, end = [False], Queue.finish, Intake.end

    def held_up(*args: Any, **more: Any) -> Any:
        if not over[0]:
            raise ACCIDENTS[0]
        return finish(*args, **more)

    async def ends(self: Intake) -> None:
        over[0] = True
        await end(self)

    monkeypatch.setattr(Queue, "finish", held_up)
    monkeypatch.setattr(Intake, "end", ends)
    assert await house.once() == 1
    assert {name: (job.state, job.reason) for name, job in house.jobs().items()} == {"a.txt": ("failed", "internal_error")}


async def test_an_end_that_is_late_is_written_beside_the_daemon(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state folder may let it wait, and the watchdog, signals and other films are the event loop's."""
    house.film("a.txt")
    threads: list[threading.Thread] = []

    class Watched(Unended):
        def settle(self) -> list[str]:
            threads.append(threading.current_thread())
            return super().settle()

    left = [ACCIDENTS[0]] * 5
    monkeypatch.setattr("pipeline.watch.work.Unended", Watched)
    monkeypatch.setattr(Queue, "finish", breaks(Queue.finish, left))
    assert await house.once() == 1
    assert house.states() == {"a.txt": "failed"}
    assert len(threads) > 1, "by the job, and by the next look"
    assert threading.current_thread() not in threads


async def test_an_end_waits_where_there_is_no_thread_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    unended, written = Unended(), []
    unended.add("a", written.append, "a")

    async def none_left(*_: Any) -> Any:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(asyncio, "to_thread", none_left)
        assert await unended.settled() == []
    assert await unended.settled() == ["a"]
    assert written == ["a"]


def test_an_end_that_is_late_is_written_once() -> None:
    """By the job that met the accident and by the daemon's next look, at the same time."""
    unended, written = Unended(), []
    other = threading.Thread(target=unended.settle)

    def write() -> None:
        written.append("a")
        if len(written) == 1:
            other.start()
            other.join(0.2)  # it waits for us, or has written by then

    unended.add("a", write)
    assert unended.settle() == ["a"]
    other.join()
    assert written == ["a"]
    assert len(unended) == 0


def test_a_share_whose_server_is_gone_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel answers ESTALE or ENOTCONN then, which is no word about whether it is a folder."""
    share = Share(tmp_path, "source_gone")

    def gone(*_: object, **__: object) -> os.stat_result:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    monkeypatch.setattr(os, "stat", gone)
    with pytest.raises(EnvironmentFault, match="source_gone"):
        share.check()


async def test_the_watchdog_hears_of_a_daemon_whose_state_folder_is_full() -> None:
    said: list[str] = []

    def full(*_: object) -> Any:
        raise EnvironmentFault("state_unwritable", "database or disk is full")

    state = SimpleNamespace(
        setup=SimpleNamespace(folder=SimpleNamespace(trouble=None, changing=lambda _: [])), breaker=SimpleNamespace(remind=lambda: None),
        lock=SimpleNamespace(renew=lambda: None), running=[1], queue=SimpleNamespace(renew=full), timings=Timings(),
        settings=SimpleNamespace(once=False),
    )  # fmt: skip
    for line, told in ((lambda: "1 running", "1 running"), (full, "waiting: state_unwritable")):
        systemd = SimpleNamespace(watchdog=0.0, alive=said.append)
        beat = heartbeat(state, SimpleNamespace(line=line), systemd, lambda: None, WatchObserver())  # type: ignore[arg-type]
        beating = asyncio.create_task(beat)
        await until(lambda task=beating: said or task.done())
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        assert said.pop() == told
