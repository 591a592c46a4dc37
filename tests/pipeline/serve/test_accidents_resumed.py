"""A fault of ours in a job that goes on after a restart, in what is written beside a film, and in what a media server is told."""

from pathlib import Path
from typing import Any

import pytest
from accidents import ACCIDENTS, breaks, code_of, event_of
from patience import comes
from serving import Running, running

from models.engines.echo import EchoCaptioner
from pipeline.engine.supervisor import Supervisor
from pipeline.serve import beside, deliveries, media_servers
from pipeline.serve.jobs import Jobs
from pipeline.serve.worker import ATTEMPTS, Worker
from pipeline.store.journal import Journal
from pipeline.store.lookup import FileLookup
from scripts.soaks.madeup import Reading, TextFilm, TextHost

RESUMED: dict[str, tuple[Any, str]] = {
    "what is there": (FileLookup, "find"),
    "the journal": (Journal, "__init__"),
    "its film": (TextFilm, "probe"),
    "read on": (Reading, "__iter__"),
    "asked": (Supervisor, "ask"),
    "ended": (Jobs, "finish"),
}
BESIDE: dict[str, tuple[Any, str]] = {
    "the folder": (beside, "open_beneath"),
    "its name": (beside, "name_outputs"),
    "written": (beside, "write_whole"),
}


@pytest.fixture
def text_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pipeline.serve.service.open_host", lambda settings, captioner, **_: TextHost(settings, captioner=captioner)
    )


def traces(caplog: pytest.LogCaptureFixture) -> list[tuple[str, Exception]]:
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [(entry["event"], entry["exc_info"]) for entry in logged if "exc_info" in entry]


@pytest.mark.parametrize("accident", ACCIDENTS, ids=code_of)
@pytest.mark.parametrize("step", RESUMED)
def test_an_accident_in_a_job_that_goes_on(
    text_host: None,
    tmp_path: Path,
    step: str,
    accident: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The service ended in the middle of it. A bug is that job's failure, a disk that was full is tried again; the other job is done."""
    slow = EchoCaptioner(delay=600)
    with running(tmp_path / "state", captioner=slow) as before:
        films = []
        for name in "ab":
            (tmp_path / f"{name}.txt").write_text(f"film {name}")
            films.append(before.upload(tmp_path / f"{name}.txt")["id"])
        jobs = [before.job(film)["id"] for film in films]
        assert comes(lambda: before.client.get(f"/v1/jobs/{jobs[0]}").json()["status"] == "in_progress")
    owner, name = RESUMED[step]
    left = [accident]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, breaks(getattr(owner, name), left))
        with running(tmp_path / "state", captioner=EchoCaptioner()) as again:
            ended = [again.done(job) for job in jobs]
            assert left == []
            if code_of(accident) == "internal_error":
                assert sorted(job["status"] for job in ended) == ["completed", "failed"]
                (failed,) = [job for job in ended if job["error"]]
                assert failed["error"]["code"] == "internal_error"
                assert again.done(again.job(failed["film"])["id"])["status"] == "completed"
            else:
                assert [job["status"] for job in ended] == ["completed"] * 2
            assert traces(caplog) == [(event_of(accident), accident)]
            assert again.client.get("/readyz").status_code == 200


def test_an_end_that_could_not_be_written_is_tried_once_more_as_the_service_ends(
    text_host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next start would do the job anew, of which its user heard nothing."""
    over, finish, stop = [False], Jobs.finish, Worker.stop

    def held_up(*args: Any, **more: Any) -> Any:
        if not over[0]:
            raise ACCIDENTS[0]
        return finish(*args, **more)

    async def stops(self: Worker) -> None:
        over[0] = True
        await stop(self)

    monkeypatch.setattr(Jobs, "finish", held_up)
    monkeypatch.setattr(Worker, "stop", stops)
    (tmp_path / "a.txt").write_text("film a")
    with running(tmp_path / "state", captioner=EchoCaptioner()) as before:
        job = before.job(before.upload(tmp_path / "a.txt")["id"])["id"]
        assert comes(lambda: len(before.service.worker.unended) == 1)
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=600)) as again:
        told = again.client.get(f"/v1/jobs/{job}").json()
    assert (told["status"], told["error"]["code"]) == ("failed", "internal_error")


@pytest.fixture
def library(text_host: None, tmp_path: Path) -> Any:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.mp4").write_text(f"film {name}")
    with running(tmp_path / "state", captioner=EchoCaptioner(), root=(folder,), plex_url="http://127.0.0.1:9") as service:
        yield service, folder


def asked(service: Running, name: str) -> str:
    """A job as a media server's webhook asks for it: sidecars beside the film, and the server is told."""
    film = service.client.post("/v1/films", json={"path": f"films/{name}"}).json()["id"]

    async def add() -> str:
        job, _ = service.service.jobs.add(film, "caption", {}, beside=True, told="plex 42")
        service.service.worker.wake()
        return job.id

    return str(service.on_loop(add()))


@pytest.mark.parametrize("accident", ACCIDENTS, ids=code_of)
@pytest.mark.parametrize("step", BESIDE)
def test_an_accident_of_what_is_written_beside_a_film(
    library: tuple[Running, Path],
    step: str,
    accident: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service, folder = library
    monkeypatch.setattr(media_servers, "_send", told := Sent())
    owner, name = BESIDE[step]
    times = 1 if code_of(accident) == "internal_error" else ATTEMPTS
    left = [accident] * times
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, breaks(getattr(owner, name), left))
        failed = service.done(asked(service, "a.mp4"))
    assert left == []
    assert (failed["status"], failed["error"]["code"], failed["attempts"]) == ("failed", code_of(accident), times)
    assert not list(folder.glob(".*")), "nothing half written"
    done = service.done(asked(service, "b.mp4"))
    assert done["status"] == "completed"
    assert {path.name for path in folder.glob("b.*")} == {"b.mp4", "b.descriptions.en.vtt", "b.descriptions.en.srt"}
    assert comes(lambda: told.calls == 1), "and of the failed one nothing is told"
    assert service.done(asked(service, "a.mp4"))["status"] == "completed"
    assert (folder / "a.descriptions.en.srt").exists()
    assert traces(caplog) == [(event_of(accident), accident)] * times


class Sent:
    """In place of what is sent to a media server."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, *_: object) -> bytes:
        self.calls += 1
        return b"{}"


@pytest.mark.parametrize("accident", ACCIDENTS, ids=code_of)
@pytest.mark.parametrize(
    "step", [(deliveries, "refresh"), (media_servers, "_access"), (media_servers, "_send")], ids=lambda step: step[1]
)
def test_an_accident_of_what_a_media_server_is_told(
    library: tuple[Running, Path], step: tuple[Any, str], accident: Exception, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """It is told again, and the job has ended long before."""
    service, _ = library
    sent = Sent()
    monkeypatch.setattr(media_servers, "_send", sent)
    owner, name = step
    left = [accident] * 2
    monkeypatch.setattr(owner, name, breaks(getattr(owner, name), left))
    assert service.done(asked(service, "a.mp4"))["status"] == "completed"
    assert comes(lambda: service.service.outbox.left() == 0)
    assert (left, sent.calls) == ([], 1)
    assert traces(caplog) == [(event_of(accident), accident)] * 2
