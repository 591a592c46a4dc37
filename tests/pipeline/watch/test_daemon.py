"""The daemon in this process, over made-up films: what is asked of the model, what is written, what waits and what fails."""

import asyncio
import itertools
import json
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE
from watched import Echo, House, until

from models.base import Reply, Request
from models.errors import EndpointError, EngineMissing, RequestRefused
from pipeline import files
from pipeline.errors import EnvironmentFault, InputError, UsageError
from pipeline.options.watch import WatchSettings
from pipeline.store.database import Database
from pipeline.store.queue import Queue
from pipeline.types import Notice
from pipeline.watch import deliveries
from pipeline.watch.breaker import Breaker
from pipeline.watch.shares import Share
from pipeline.watch.status import Status
from scripts.soaks import madeup
from scripts.soaks.madeup import WINDOWS, TextFilm


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_each_film_is_described_once(house: House) -> None:
    house.film("a.txt", "one")
    house.film("b.txt", "two")
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done", "b.txt": "done"}
    assert sorted(path.name for path in house.out.iterdir()) == [
        f"{name}.descriptions.{kind}" for name in "ab" for kind in ("en.srt", "json")
    ]
    assert await house.once() == 0
    assert house.echo.total == 2 * WINDOWS


async def test_windows_that_were_refused_are_told_and_asked_by_the_next_start(house: House) -> None:
    house.film("a.txt", "one")
    house.echo.trouble = lambda number: RequestRefused("not this picture") if number == 2 else None
    assert await house.once() == 0
    job = house.jobs()["a.txt"]
    assert (job.state, job.reason, job.captions) == ("done", "partial", WINDOWS - 1)
    assert "not this picture" in job.message
    assert await house.once() == 0
    job = house.jobs()["a.txt"]
    assert (job.state, job.reason, job.captions) == ("done", "", WINDOWS)
    assert house.echo.total == WINDOWS + 1, "what was answered is not asked again"
    assert house.document("a")["warnings"] == []
    await house.once()
    assert house.echo.total == WINDOWS + 1


async def test_a_film_with_damaged_pictures_is_done_and_says_so_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Notice(code="partial", message="pictures between 1.0 s and 2.0 s are damaged or lost", start=1.0, end=2.0)
    probe = TextFilm.probe
    monkeypatch.setattr(TextFilm, "probe", lambda self: replace(probe(self), notices=(lost,)))
    house.film("a.txt", "one")
    assert await house.once() == 0
    job = house.jobs()["a.txt"]
    assert (job.state, job.reason, job.message) == ("done", "damaged", lost.message)
    assert await house.once() == 0
    assert house.jobs()["a.txt"].attempts == job.attempts, "nothing of it was refused, so nothing is asked again"


async def test_a_second_step_that_was_refused_is_asked_by_the_next_start(house: House) -> None:
    house.film("a.txt", "one")
    house.echo.trouble = lambda number: RequestRefused("not these words") if number == WINDOWS + 1 else None
    assert await house.once(refine=True) == 0
    job = house.jobs()["a.txt"]
    assert (job.state, job.reason, job.captions) == ("done", "refine_refused", WINDOWS)
    assert "not these words" in job.message
    assert await house.once(refine=True) == 0
    assert house.echo.total == WINDOWS + 2, "the second step alone"
    assert house.jobs()["a.txt"].reason != "refine_refused"


async def test_a_film_that_was_refused_as_a_whole_is_asked_again_by_the_next_start(house: House) -> None:
    house.film("a.txt", "one")
    house.film("gone.txt", "two")
    house.echo.trouble = lambda _: RequestRefused("no")
    assert await house.once() == 1
    assert {(job.state, job.reason) for job in house.jobs().values()} == {("failed", "no_window_answered")}
    (house.inbox / "gone.txt").unlink()
    house.echo.trouble = lambda _: None
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done", "gone.txt": "failed"}


async def test_copied_and_renamed_films_ask_nothing(house: House) -> None:
    house.film("a.txt")
    await house.once()
    house.film("copy.txt")
    (house.inbox / "a.txt").rename(house.inbox / "new.txt")
    await house.once()
    assert house.echo.total == WINDOWS
    assert house.jobs()["copy.txt"].reason == "same_content"
    first, copy = house.document("a"), house.document("copy")
    assert copy["source"].pop("name") == "copy.txt"
    assert first["source"].pop("name") == "a.txt"
    assert copy == first
    assert (house.out / "new.descriptions.en.srt").read_bytes() == (house.out / "a.descriptions.en.srt").read_bytes()


async def test_a_dialogue_with_the_name_of_a_sidecar_is_not_replaced(house: House) -> None:
    """The film was described under other names before."""
    house.film("a.txt")
    await house.once()
    dialogue = house.out / "a.en.srt"
    dialogue.write_text("1\n00:00:01,000 --> 00:00:03,000\nWhere have you been all night?\n")
    before = dialogue.read_bytes()
    os.utime(house.film("a.txt", "another cut of it"), (2_000_000_000, 2_000_000_000))
    assert await house.once(sidecar_name="{name}.{language}") == 1
    assert house.jobs()["a.txt"].reason == "output_exists"
    assert dialogue.read_bytes() == before


async def test_two_folders_described_into_one_keep_both_films_of_one_name(tmp_path: Path) -> None:
    for name, text in (("A", "one"), ("B", "another")):
        (tmp_path / name).mkdir()
        house = House(tmp_path / name)
        house.film("c.txt", text)
        assert await house.once(output_dir=tmp_path / "out") == 0
    assert {path.name for path in (tmp_path / "out").glob("*.json")} == {"c.descriptions.json", "c.txt.descriptions.json"}


async def test_copies_that_arrive_together_ask_once(house: House) -> None:
    for i in range(5):
        house.film(f"{i}.txt")
    await house.once()
    assert house.echo.total == WINDOWS
    assert sorted(job.reason for job in house.jobs().values()) == ["", *["same_content"] * 4]


async def test_a_touched_film_is_not_asked_and_a_changed_one_is_described_anew(house: House) -> None:
    path = house.film("a.txt", "before")
    await house.once()
    os.utime(path, ns=(1, 1))
    before = (house.out / "a.descriptions.json").stat().st_mtime_ns
    await house.once()
    assert house.echo.total == WINDOWS
    assert (house.out / "a.descriptions.json").stat().st_mtime_ns == before, "its files stand as they were"
    old = house.document("a")
    house.film("a.txt", "behind")  # of one length
    await house.once()
    assert house.echo.total == 2 * WINDOWS
    assert house.document("a")["captions"] != old["captions"]
    house.film("a.txt", "before")  # and back: known, and written anew
    await house.once()
    assert house.echo.total == 2 * WINDOWS
    assert house.document("a") == old


async def test_outputs_that_were_deleted_come_back_when_asked(house: House) -> None:
    house.film("a.txt")
    await house.once()
    (house.out / "a.descriptions.en.srt").unlink()
    database = Database(house.base / "state")
    Queue(database).retry(Queue(database).jobs())
    database.close()
    await house.once()
    assert house.echo.total == WINDOWS
    assert (house.out / "a.descriptions.en.srt").exists()


async def test_other_settings_describe_new_films_and_leave_done_ones(house: House) -> None:
    house.film("a.txt")
    await house.once()
    house.film("b.txt")
    await house.once(prompt="What else?")
    assert house.echo.total == 2 * WINDOWS, "the same content under other settings is asked"
    assert house.states() == {"a.txt": "done", "b.txt": "done"}


async def test_what_caption_described_is_left_and_strangers_are_not_overwritten(house: House) -> None:
    house.film("a.txt")
    await house.once()
    for path in (house.base / "state").iterdir():
        path.unlink()
    house.film("b.txt")
    (house.out / "b.descriptions.en.srt").write_text("mine")
    assert await house.once() == 1
    jobs = house.jobs()
    assert (jobs["a.txt"].state, jobs["a.txt"].reason) == ("skipped", "described")
    assert (jobs["b.txt"].state, jobs["b.txt"].reason, jobs["b.txt"].attempts) == ("failed", "output_exists", 1)
    assert (house.out / "b.descriptions.en.srt").read_text() == "mine"


async def test_a_killed_film_goes_on_where_its_journal_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(madeup, "WINDOWS", 1000)
    house.film("a.txt")
    house.echo.trouble = lambda count: EndpointError("down") if count > 900 else None
    async with house.running(max_in_flight=1):
        await until(lambda: house.echo.total > 900)
    assert house.states() == {"a.txt": "queued"}
    assert house.echo.asked == 900
    house.echo = Echo()
    assert await house.once() == 0
    assert house.echo.total == 100
    (house.base / "again").mkdir()
    undisturbed = House(house.base / "again")
    undisturbed.film("a.txt")
    await undisturbed.once()
    assert house.document("a") == undisturbed.document("a")
    assert house.left() == []


async def test_a_full_disk_is_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    full, refused = [True], [0]
    real = files.os.fsync  # type: ignore[attr-defined]

    def fsync(descriptor: int) -> None:
        if full[0]:
            refused[0] += 1
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)  # type: ignore[attr-defined]
    house.film("a.txt", "one")
    house.film("b.txt", "two")
    async with house.running() as daemon:
        await until(lambda: refused[0] >= 4)  # several probes met the same
        await until(lambda: daemon.state.breaker.fault is not None)
        assert daemon.state.breaker.fault is not None
        assert daemon.state.breaker.fault.code == "no_space"
        assert not Status(daemon.state).ready()["ready"]
        full[0] = False
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 2)
    assert {job.attempts for job in house.jobs().values()} == {1}
    assert house.left() == []


async def test_an_engine_that_is_down_is_waited_for(house: House) -> None:
    house.echo.trouble = lambda count: EndpointError("connection refused") if count < 12 else None
    house.film("a.txt", "one")
    house.film("b.txt", "two")
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done", "b.txt": "done"}
    assert {job.attempts for job in house.jobs().values()} == {1}


async def test_shares_that_go_away_are_waited_for(house: House) -> None:
    async with house.running() as daemon:
        await until(lambda: daemon.state.setup.folder.scans > 0)
        house.out.rename(house.base / "away")
        house.film("a.txt")
        await until(lambda: daemon.state.breaker.fault is not None and daemon.state.breaker.fault.code == "output_gone")
        assert not house.out.exists(), "the folder under a share is not the share"
        (house.base / "away").rename(house.out)
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 1)
        house.inbox.rename(house.base / "gone")
        await until(lambda: daemon.state.setup.folder.trouble is not None)
        (house.base / "gone").rename(house.inbox)
        house.film("b.txt", "two")
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 2)
    assert house.echo.total == 2 * WINDOWS


async def test_a_folder_that_cannot_be_looked_at_is_waited_for_until_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that refuses to be listed is no folder that is gone: with nothing in the queue it was said to go on, and to wait, in turn."""
    resets: list[object] = []
    monkeypatch.setattr(Share, "check", lambda _: None)
    async with house.running() as daemon:
        real, breaker = Breaker.reset, daemon.state.breaker

        def reset(self: Breaker) -> None:
            if self.fault is not None:
                resets.append(daemon.state.setup.folder.trouble)
            real(self)

        monkeypatch.setattr(Breaker, "reset", reset)
        await until(lambda: daemon.state.setup.folder.scans > 0)
        house.inbox.rename(house.base / "gone")
        await until(lambda: breaker._trips >= 2 or len(resets) > 0)
        assert (resets, breaker.fault and breaker.fault.code) == ([], "source_gone")
        (house.base / "gone").rename(house.inbox)
        await until(lambda: len(resets) > 0)
        assert resets == [None]


async def test_a_state_folder_that_fails_is_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.film("a.txt")
    real, left = Queue.finish, [3]

    def finish(self: Queue, *args: Any, **kwargs: Any) -> bool:
        if left[0]:
            left[0] -= 1
            raise EnvironmentFault("state_unwritable", "database or disk is full")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Queue, "finish", finish)
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done"}
    assert house.echo.total == WINDOWS


async def test_a_failure_that_may_pass_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [2]

    def probe(self: TextFilm) -> Any:
        if left[0] and self.path.name == "a.txt":
            left[0] -= 1
            raise InputError("crashed_worker", "the reader died")
        if self.path.name == "b.txt":
            raise ValueError("a bug of ours")
        return real(self)

    real = TextFilm.probe
    monkeypatch.setattr(TextFilm, "probe", probe)
    house.film("a.txt", "one")
    house.film("b.txt", "two")
    assert await house.once() == 1
    jobs = house.jobs()
    assert (jobs["a.txt"].state, jobs["a.txt"].attempts) == ("done", 3)
    assert (jobs["b.txt"].state, jobs["b.txt"].reason, jobs["b.txt"].attempts) == ("failed", "internal_error", 3)
    monkeypatch.setattr(TextFilm, "probe", real)
    assert await house.once() == 0, "what failed before is not tried again by itself"
    assert await house.once(retry_failed=True) == 0
    assert house.states()["b.txt"] == "done"


async def test_who_cant_be_told_of_an_end_changes_nothing_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def accident(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr("pipeline.watch.daemon.LogLines.ended", accident)
    house.film("a.txt")
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done"}


async def test_a_verdict_on_the_film_is_not_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TextFilm, "probe", lambda *_: (_ for _ in ()).throw(InputError("not_a_video", "a picture")))
    house.film("a.txt")
    assert await house.once() == 1
    assert house.jobs()["a.txt"].attempts == 1


async def test_a_film_that_changes_under_the_reader_is_taken_when_it_has_settled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, changes = TextFilm.probe, [1]

    def probe(self: TextFilm) -> Any:
        if changes[0]:
            changes[0] -= 1
            self.path.write_text("longer than before")
            raise InputError("source_changed", "it grew")
        return real(self)

    monkeypatch.setattr(TextFilm, "probe", probe)
    house.film("a.txt")
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done"}
    assert house.document("a")["source"]["size"] == len("longer than before")


async def test_a_film_that_vanishes_is_skipped_and_comes_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(self: TextFilm) -> Any:
        self.path.unlink()
        raise InputError("not_found", "gone")

    real = TextFilm.probe
    monkeypatch.setattr(TextFilm, "probe", probe)
    house.film("a.txt")
    assert await house.once() == 0
    assert (house.jobs()["a.txt"].state, house.jobs()["a.txt"].reason) == ("skipped", "vanished")
    monkeypatch.setattr(TextFilm, "probe", real)
    house.film("a.txt")
    await house.once()
    assert house.states() == {"a.txt": "done"}


async def test_sources_move_when_asked_and_never_over_another(house: House) -> None:
    house.film("x/a.txt", "one")
    (house.base / "done" / "x").mkdir(parents=True)
    (house.base / "done" / "x" / "a.txt").write_text("somebody else's")
    assert await house.once(recursive=True, done_dir=house.base / "done") == 0
    assert not (house.inbox / "x" / "a.txt").exists()
    assert (house.base / "done" / "x" / "a.txt").read_text() == "somebody else's"
    assert (house.base / "done" / "x" / "a~2.txt").read_text() == "one"


async def test_a_command_is_run_with_words_and_without_a_shell(house: House) -> None:
    house.film("a b;$(touch x).txt")
    told = house.base / "told"
    await house.once(exec=f"sh -c 'printf %s \"$1 $2 $(cat)\" > {told}' sh {{path}} {{state}}")
    path, state, event = told.read_text().partition(" done ")[0], "done", told.read_text().partition(" done ")[2]
    assert path == str(house.inbox / "a b;$(touch x).txt")
    assert json.loads(event)["event"] == state
    assert json.loads(event)["captions"] == WINDOWS


async def test_an_idle_engine_is_let_go_and_comes_back(house: House) -> None:
    async with house.running(idle_unload=0.005) as daemon:
        house.film("a.txt", "one")
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 1)
        await until(lambda: Status(daemon.state).engine == "unloaded")
        house.film("b.txt", "two")
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 2)
    assert house.echo.starts == 2


async def test_sighup_changes_what_is_taken_and_keeps_the_engine(house: House) -> None:
    house.film("a.txt", "one")
    house.film("b.dat", "two")
    async with house.running() as daemon:
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 1)
        host = daemon.state.studio.host
        daemon.reread = lambda: daemon.state.settings.changed(include=("*",))
        daemon.reload()
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 2)
        for change in ({"prompt": "What else?"}, {"format": "vtt"}, {"max_line_width": 20, "profile": "bbc"}):
            daemon.reread = lambda change=change: daemon.state.settings.changed(**change)
            daemon.reload()
            await until(lambda: not daemon.reloading)
        house.film("c.txt", "three")
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 3)
        assert daemon.state.studio.host is host
        assert house.echo.starts == 1
    assert house.document("c")["settings"]["prompt"] == "What else?"
    assert (house.out / "c.descriptions.en.vtt").exists()
    assert not (house.out / "c.descriptions.en.srt").exists()
    recipes = {name: job.recipe.prompt for name, job in house.jobs().items() if job.recipe is not None}
    assert recipes["c.txt"] == "What else?"
    assert recipes["a.txt"] == recipes["b.dat"] != "What else?"


async def test_a_film_under_way_goes_on_as_it_was_begun_when_formats_change(house: House) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    answer = house.echo.caption

    async def held(request: Request) -> Reply:
        asked.set()
        await go_on.wait()
        return await answer(request)

    house.echo.caption = held  # type: ignore[method-assign]
    house.film("a.txt", "one")
    async with house.running() as daemon:
        await asyncio.wait_for(asked.wait(), PATIENCE)
        daemon.reread = lambda: daemon.state.settings.changed(format="vtt")
        daemon.reload()
        await until(lambda: daemon.state.settings.format == "vtt")
        house.film("b.txt", "two")
        go_on.set()
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 2)
    assert house.echo.total == 2 * WINDOWS, "nothing was asked twice"
    assert sorted(path.name for path in house.out.glob("*.en.*")) == ["a.descriptions.en.srt", "b.descriptions.en.vtt"]


async def test_an_option_of_the_engine_makes_another(house: House) -> None:
    house.film("a.txt", "one")
    async with house.running() as daemon:
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 1)
        host = daemon.state.studio.host
        daemon.reread = lambda: daemon.state.settings.changed(max_in_flight=2)
        daemon.reload()
        await until(lambda: daemon.state.studio.host is not host)
        house.film("b.txt", "two")
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 2)
    assert house.echo.starts == 2


@pytest.mark.parametrize("error", [UsageError("bad_value", "no such thing"), None])
async def test_a_configuration_that_is_wrong_changes_nothing(house: House, error: UsageError | None) -> None:
    def reread() -> WatchSettings:
        if error is not None:
            raise error
        return house.settings.changed(once=False, state_dir=house.base / "elsewhere")

    async with house.running() as daemon:
        await until(lambda: daemon.state.setup.folder.scans > 0)
        before = daemon.state.settings
        daemon.reread = reread
        daemon.reload()
        await until(lambda: not daemon.reloading)
        house.film("a.txt")
        await until(lambda: daemon.state.counters.outcomes["done", ""] == 1)
        assert daemon.state.settings is before


async def test_stopping_gives_back_what_is_in_flight(house: House) -> None:
    started = asyncio.Event()

    async def slowly(request: Request) -> Reply:
        started.set()
        await asyncio.sleep(60)
        raise AssertionError

    house.echo.caption = slowly  # type: ignore[method-assign]
    house.film("a.txt")
    async with house.running():
        await asyncio.wait_for(started.wait(), PATIENCE)
    job = house.jobs()["a.txt"]
    assert (job.state, job.attempts) == ("queued", 0)


async def test_strict_makes_warnings_failures(house: House) -> None:
    house.echo.trouble = lambda _: None
    texts = itertools.chain(["Something is seen."], itertools.repeat(""))

    async def hardly(request: Request) -> Reply:
        return Reply(text=next(texts), finish="stop", prompt_tokens=1, completion_tokens=0)

    house.echo.caption = hardly  # type: ignore[method-assign]
    house.film("a.txt")
    assert await house.once(strict=True) == 1
    assert house.jobs()["a.txt"].reason == "answer_empty"


async def test_an_engine_that_is_not_installed_ends_the_daemon_and_keeps_the_queue(house: House) -> None:
    async def start() -> None:
        raise EngineMissing("vLLM is not installed")

    house.echo.start = start  # type: ignore[method-assign]
    house.film("a.txt")
    with pytest.raises(EnvironmentFault, match="engine_missing"):
        await house.once()
    assert (house.states(), house.jobs()["a.txt"].attempts) == ({"a.txt": "queued"}, 0)


async def test_an_address_that_is_taken_ends_the_daemon_and_all_that_it_began(house: House) -> None:
    house.film("a.txt")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        before = asyncio.all_tasks()
        with pytest.raises(EnvironmentFault, match="address_in_use"):
            await house.once(listen=f"127.0.0.1:{taken.getsockname()[1]}")
    assert asyncio.all_tasks() == before


async def test_a_damaged_state_folder_ends_the_daemon_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(*_: Any, **__: Any) -> bool:
        raise EnvironmentFault("state_damaged", "database disk image is malformed")

    monkeypatch.setattr(Queue, "finish", finish)
    house.film("a.txt")
    with pytest.raises(EnvironmentFault, match="state_damaged"):
        await house.once()


async def test_a_delivery_that_fails_in_an_unexpected_way_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def accident(source: Path, *_: Any) -> None:
        if source.name == "a.txt":
            raise ValueError("a bug of ours")
        source.unlink()

    monkeypatch.setattr(deliveries, "move", accident)
    house.film("a.txt", "one")
    house.film("b.txt", "two")
    async with house.running(done_dir=house.base / "done") as daemon:
        await until(lambda: not (house.inbox / "b.txt").exists() and daemon.state.outbox.left() == 1)


async def test_summaries_and_chapters_come_with_each_film_and_what_is_missing_is_made_again(house: House) -> None:
    film = house.film("a.txt", "one")
    assert await house.once(chapters=True) == 0
    made = {"a.summary.json", "a.summary.md", *(f"a.chapters.{suffix}" for suffix in ("vtt", "json", "txt", "ffmeta"))}
    assert made <= {path.name for path in house.out.iterdir()}
    assert made <= {Path(path).name for path in house.jobs()["a.txt"].outputs}
    asked = house.echo.total
    film.write_text("another film of another length")
    assert await house.once(chapters=True) == 0
    assert house.echo.total > asked
    assert house.states() == {"a.txt": "done"}
    captions = json.loads((house.out / "a.descriptions.json").read_text())["captions"]
    summary = json.loads((house.out / "a.summary.json").read_text())
    assert {one["text"] for one in summary["sentences"]} <= {one["text"] for one in captions}


async def test_a_second_model_beside_the_first_is_refused_at_the_start(house: House) -> None:
    from pipeline.watch.state import open_studio

    with pytest.raises(UsageError) as caught:
        open_studio(house.settings.changed(summarize=True, summary_model="qwen2.5-vl-7b"))
    assert caught.value.code == "one_model"
