"""What happens beside jobs: a full state folder, and a fault of ours where a job is taken, ends, is told or has its lease renewed, end nothing."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from accidents import event_of
from patience import PATIENCE, comes
from serving import Running

from pipeline.errors import EnvironmentFault, InputError
from pipeline.serve import deliveries, heartbeat, jobs, progress
from pipeline.serve.faults import HttpError
from pipeline.serve.jobs import Jobs
from pipeline.serve.progress import Progress
from pipeline.serve.service import Service
from pipeline.store.lookup import FileLookup
from pipeline.watch.timings import Timings
from pipeline.watch.webhook import Webhook
from scripts.soaks.madeup import TextFilm

FULL = EnvironmentFault("state_unwritable", "the state folder can't be used: database or disk is full")


@pytest.mark.parametrize("task", ["caption", "broken"])
def test_a_state_folder_that_is_full_when_a_job_ends_is_waited_for(
    made_up: Running, made_up_films: list[str], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it ended: it ends so once there is room, and what was described is not described again."""
    finish, left, described = Jobs.finish, [3], list[object]()

    def full(*values: Any, **more: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise FULL
        finish(*values, **more)

    def probe(film: TextFilm) -> Any:
        described.append(film)
        if task == "broken":
            raise InputError("not_a_video", "a picture")
        return real(film)

    real = TextFilm.probe
    monkeypatch.setattr(TextFilm, "probe", probe)
    monkeypatch.setattr(Jobs, "finish", full)
    job = made_up.done(made_up.job(made_up_films[0], overwrite=True)["id"])
    assert (job["status"], len(described)) == ("failed" if task == "broken" else "completed", 1)
    assert (job["error"] or {}).get("code") == ("not_a_video" if task == "broken" else None)
    assert made_up.done(made_up.job(made_up_films[1], "summarize", overwrite=True)["id"])["attempts"] == 1


def test_a_state_folder_that_is_full_when_a_job_is_given_back_is_waited_for(
    made_up: Running, made_up_films: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, give_back = [FULL, FULL], Jobs.give_back

    def find(*_: object, **__: object) -> Any:
        raise faults[0]

    def full(*values: Any, **more: Any) -> None:
        if faults:
            raise faults.pop()
        monkeypatch.undo()
        give_back(*values, **more)

    monkeypatch.setattr(FileLookup, "find", find)
    monkeypatch.setattr(Jobs, "give_back", full)
    assert made_up.done(made_up.job(made_up_films[0])["id"])["status"] == "completed"
    assert faults == []


@pytest.mark.parametrize("times", [1, 2, 3, 7])
def test_an_accident_of_a_jobs_end_ends_nothing_else(
    made_up: Running, made_up_films: list[str], times: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is written as a failure as soon as that can be, however often it can't."""
    finish, left = Jobs.finish, [times]

    def broken(*values: Any, **more: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise ZeroDivisionError("of the end")
        finish(*values, **more)

    monkeypatch.setattr(Jobs, "finish", broken)
    job = made_up.job(made_up_films[0])["id"]
    ended = made_up.done(job)
    assert (ended["status"], ended["error"]["code"], left) == ("failed", "internal_error", [0])
    logged = [record.msg.get("exc_info") for record in caplog.records if isinstance(record.msg, dict)]
    assert [type(error) for error in logged] == [ZeroDivisionError] * min(times, 4), "the same one is told once"
    assert made_up.done(made_up.job(made_up_films[1])["id"])["status"] == "completed"


def test_an_accident_while_a_job_is_taken_leaves_it_in_the_queue(
    made_up: Running, made_up_films: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told, struck = jobs.add_event, list[object]()

    def event(db: Any, job: str, name: str, data: Any, **more: Any) -> None:
        if data == {"status": "in_progress"} and not struck:
            struck.append(job)
            raise ZeroDivisionError("of an event")
        told(db, job, name, data, **more)

    monkeypatch.setattr(jobs, "add_event", event)
    job = made_up.done(made_up.job(made_up_films[0])["id"])
    assert (struck, job["status"], job["attempts"]) == ([job["id"]], "completed", 1)
    assert [record.msg["event"] for record in caplog.records if isinstance(record.msg, dict)] == ["internal error"]


@pytest.mark.parametrize("trouble", [FULL, ZeroDivisionError("of progress")], ids=["full", "bug"])
async def test_progress_that_cant_be_written_is_written_with_the_next(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.001)
    troubles, written, done = [trouble], list[str](), asyncio.Event()

    def advance(_job: object, _progress: int, _captions: int, events: list[tuple[str, str | None, dict[str, Any]]]) -> None:
        if troubles:
            raise troubles.pop()
        written.extend(data["step"] for _, _, data in events if "step" in data)
        done.set()

    service = SimpleNamespace(
        jobs=SimpleNamespace(advance=advance), bell=SimpleNamespace(ring=lambda _: None),
        worker=SimpleNamespace(ends={}, left=lambda _: None),
    )  # fmt: skip
    async with Progress(service, SimpleNamespace(id="job-1")) as told:  # type: ignore[arg-type]
        told.step("burn", 0.5)
        await asyncio.wait_for(done.wait(), PATIENCE)
    assert written == ["burn"]
    assert [record.msg["exc_info"] for record in caplog.records] == ([] if trouble is FULL else [trouble])


@pytest.mark.parametrize(
    "trouble", [ZeroDivisionError("an accident"), OSError(28, "no space"), None], ids=["ZeroDivisionError", "OSError", "no job"]
)
def test_an_accident_of_a_webhook_is_that_deliverys_alone(
    made_up: Running, made_up_films: list[str], trouble: Exception | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    heard, struck = list[str](), list[str]()
    troubles = [trouble or HttpError(404, "no_job", "there is no job of this id")]

    def view(service: Service, job: Any) -> dict[str, str]:
        if troubles:
            struck.append(job.id)
            raise troubles.pop()
        return {"id": job.id}

    async def post(_self: Webhook, _url: str, _secret: str | None, _delivery: str, event: Any) -> str:
        heard.append(event["job"]["id"])
        return ""

    monkeypatch.setattr(deliveries, "job_view", view)
    monkeypatch.setattr(Webhook, "post", post)
    asked = [
        made_up.client.post("/v1/jobs", json={"film": id, "webhook": "https://a.test/b"}).json()["id"] for id in made_up_films
    ]
    assert [made_up.done(job)["status"] for job in asked] == ["completed"] * len(made_up_films)
    assert comes(lambda: made_up.service.outbox.left() == 0)
    assert sorted(heard) == sorted(id for id in asked if trouble is not None or id not in struck)
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(entry["event"], entry["job"]) for entry in logged] == [
        ("given up" if trouble is None else event_of(trouble), *struck)  # of jobs that end together, whichever is told of first
    ]


async def test_an_accident_of_the_outbox_ends_no_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, over = [0], asyncio.Event()

    def due(_kind: str) -> list[object]:
        looks[0] += 1
        if looks[0] == 1:
            raise ZeroDivisionError("of the outbox")
        over.set()
        return []

    service = SimpleNamespace(
        settings=SimpleNamespace(allow_webhook=()), outbox=SimpleNamespace(due=due), timings=Timings(deliveries_pause=0.001)
    )
    running = asyncio.create_task(deliveries.Deliveries(service).run())  # type: ignore[arg-type]
    looked_again = asyncio.create_task(over.wait())
    await asyncio.wait({running, looked_again}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    assert (looked_again.done(), running.done()) == (True, False)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_heart_beats_on_whatever_its_errands_meet(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """systemd hears of a service whose state folder is full, and an accident is said once."""
    said: list[str] = []
    monkeypatch.setattr(heartbeat, "BEAT", 0.0)
    monkeypatch.setattr(heartbeat, "SWEPT", -1.0)
    monkeypatch.setattr(heartbeat, "Systemd", lambda: SimpleNamespace(ready=lambda: None, alive=said.append))

    def full(*_: object, **__: object) -> Any:
        raise FULL

    async def broken() -> None:
        raise ZeroDivisionError("of an errand")

    service = SimpleNamespace(
        jobs=SimpleNamespace(counts=full, renew=full), open_films=SimpleNamespace(sweep=broken), films=SimpleNamespace(used_now=full),
        studio=SimpleNamespace(engine=SimpleNamespace(ready=True, gauges=SimpleNamespace(look=broken))),
        settings=SimpleNamespace(keep_days=1),
    )  # fmt: skip
    renewed: list[object] = []
    lock = SimpleNamespace(renew=lambda: renewed.append(None))
    beating = asyncio.create_task(heartbeat.Heartbeat(service, lock).run())  # type: ignore[arg-type]
    for _ in range(int(PATIENCE / 0.01)):
        if len(said) >= 3 or beating.done():
            break
        await asyncio.sleep(0.01)
    assert not beating.done()
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    assert (len(said) >= 3, len(renewed) >= 3) == (True, True)
    assert [record.msg["errand"] for record in caplog.records] == ["_films", "_gauges"]
