"""SIGKILL in the middle of jobs: nothing is lost, nothing is told twice, events go on without a gap. And whom a job's end is told."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from patience import PATIENCE, comes
from serving import Running, events_of, running, stands

from models.engines.echo import EchoCaptioner
from pipeline.bench.films import FilmSpec, write
from pipeline.serve.events import Events
from pipeline.serve.faults import HttpError
from pipeline.serve.jobs import CRASHES, Jobs
from pipeline.serve.routes import jobs as job_routes
from pipeline.serve.schema import DATABASE, MIGRATIONS
from pipeline.store.database import Database
from pipeline.store.outbox import Outbox
from pipeline.watch.webhook import sign

CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from serving import Running
from models.engines.echo import EchoCaptioner
service = Running(Path(sys.argv[2]), captioner=EchoCaptioner(delay=0.03, capacity=1))
print(service.url, service.key, flush=True)
time.sleep(600)
"""


ROUNDS = 3
"""starts of the service: it is killed in all but the last; scripts/soak serve does it with a hundred jobs"""


def start(state: Path) -> tuple["subprocess.Popen[str]", httpx.Client]:
    support = Path(__file__).parents[2] / "support"
    child = subprocess.Popen([sys.executable, "-c", CHILD, support, state], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    url, key = child.stdout.readline().split()
    return child, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_told_twice(tmp_path: Path) -> None:
    films = []
    for number in range(4):
        films.append(tmp_path / f"{number}.mp4")
        write(films[-1], FilmSpec(seconds=12 + number, width=96, height=64, fps=8, gop=8))
    told: dict[str, list[tuple[int, str, str]]] = {}
    jobs: list[str] = []
    for round in range(ROUNDS):
        child, client = start(tmp_path / "state")
        try:
            if not jobs:
                for number in range(12):
                    id = client.put(f"/v1/files/{number}.mp4", content=films[number % 4].read_bytes()).json()["id"]
                    asked = {"film": id, "task": "caption", "settings": {"language": ["en", "de", "fr"][number // 4]}}
                    answer = client.post("/v1/jobs", json=asked, headers={"Idempotency-Key": str(number)})
                    assert answer.status_code == 202
                    jobs.append(answer.json()["id"])
            threads = [threading.Thread(target=read, args=(client, job, told.setdefault(job, []))) for job in jobs]
            for thread in threads:
                thread.start()
            if round < ROUNDS - 1:
                threading.Event().wait(0.3 + 0.4 * round)
                os.kill(child.pid, signal.SIGKILL)
            for thread in threads:
                thread.join(PATIENCE)
            if round == ROUNDS - 1:
                states = [client.get(f"/v1/jobs/{job}").json() for job in jobs]
                assert {state["status"] for state in states} == {"completed"}, states
                again = client.post("/v1/jobs", json=asked, headers={"Idempotency-Key": "11"})
                assert again.json()["id"] == jobs[11], "the key outlives the process"
        finally:
            child.kill()
            child.wait()
            assert child.stdout is not None
            child.stdout.close()
            client.close()
    for job in jobs:
        numbers = [number for number, _, _ in told[job]]
        assert numbers == sorted(set(numbers)), "in order, each once"
        captions = [json.loads(data)["start"] for _, name, data in told[job] if name == "caption"]
        assert len(captions) == len(set(captions)) == states[jobs.index(job)]["captions"]
        assert told[job][-1][1] == "done"


def read(client: httpx.Client, job: str, seen: list[tuple[int, str, str]]) -> None:
    """Read a job's events from where we were, until they end or the service does."""
    last = {"Last-Event-ID": str(seen[-1][0])} if seen else {}
    text = ""
    try:
        with client.stream("GET", f"/v1/jobs/{job}/events", headers=last) as answer:
            for piece in answer.iter_text():
                text += piece
    except httpx.HTTPError:
        text = text.rpartition("\n\n")[0] + "\n\n"  # what was cut in the middle is read again
    seen += events_of(text)


def test_a_job_that_ends_between_two_looks_is_told_to_its_end(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last event is written after the table was read and before the job's state is: it is not lost."""
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=60)) as service:
        job = service.job(service.upload(film)["id"])["id"]
        looks, plain = [0], Events.after

        def after(events: Events, id: str, number: int, most: int = 500) -> list[Any]:
            found = plain(events, id, number, most)
            looks[0] += 1
            if not found and id == job and looks[0] < 10:
                looks[0] = 10
                service.service.jobs.cancel(job)
                service.loop.call_soon_threadsafe(service.service.bell.ring, job)
            return found

        monkeypatch.setattr(Events, "after", after)
        told = events_of(service.client.get(f"/v1/jobs/{job}/events").text)
        assert json.loads(told[-1][2]) == {"status": "cancelled"}
        service.on_loop(_gone(service))


async def _gone(service: Any) -> None:
    service.service.worker.cancel(service.service.jobs.list()[0])
    for task in list(service.service.worker._tasks.values()):
        task.cancel()


def test_a_job_that_kills_the_service_each_time_is_given_up(tmp_path: Path) -> None:
    for number in range(CRASHES + 1):
        database = Database(tmp_path, file=DATABASE, migrations=MIGRATIONS)
        jobs = Jobs(database, most=10)
        if not number:
            job, _ = jobs.add("film-x", "caption", {}, webhook="https://x")
            dropped, _ = jobs.add("film-x", "caption", {}, webhook="https://x", told="plex 1")
            for _ in range(2):
                jobs.cancel(dropped.id)
            assert Outbox(database).left() == 1, "its webhook, once; no media server hears of what was not described"
        jobs.recover()
        claimed = jobs.claim(60)
        assert (claimed is None) == (number == CRASHES)
        if claimed is None:
            assert (jobs.get(job.id).status, jobs.get(job.id).code) == ("failed", "crashed_daemon")
            assert Events(database).after(job.id, 0)[-1].last
            assert [told.body["job"] for told in Outbox(database).due("webhook")] == [dropped.id, job.id]
        database.close()


def test_one_reader_of_events_too_many_is_told_when_to_come_again(
    service: Running, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = service.job(service.upload(film)["id"])["id"]
    with monkeypatch.context() as none:
        none.setattr(job_routes, "READERS", 0)
        refused = service.client.get(f"/v1/jobs/{job}/events")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_asks")
    assert int(refused.headers["retry-after"]) >= 1
    assert service.done(job)["status"] == "completed"


def test_a_reader_of_events_counts_while_it_waits(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=600)) as service:
        job = service.job(service.upload(film)["id"])["id"]

        async def readers() -> int:
            return service.service.bell.readers

        with service.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
            assert answer.status_code == 200, answer.read()
            assert comes(lambda: service.on_loop(readers()) == 1), f"it stands here:\n{stands(service.loop)}"
        assert comes(lambda: not service.on_loop(readers())), "who left is not counted"
        service.client.delete(f"/v1/jobs/{job}")


def test_a_reader_of_events_counts_while_what_it_found_is_sent(tmp_path: Path, film: Path) -> None:
    """A client that takes nothing holds its place between a ring and the next look too: readers are bounded, not waits."""
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=600)) as service:
        job = service.job(service.upload(film)["id"])["id"]

        async def sending() -> list[int]:
            bell, jobs = service.service.bell, service.service.jobs
            stream = job_routes._events(service.service, jobs.get(job), 0)
            counts = [bell.readers]
            assert [(await anext(stream))[:1], (await anext(stream))[:5]] == [b":", b"event"]
            bell.ring(job)
            counts.append(bell.readers)
            await stream.aclose()  # type: ignore[attr-defined]
            return [*counts, bell.readers]

        assert service.on_loop(sending()) == [0, 1, 0]
        service.client.delete(f"/v1/jobs/{job}")


def test_a_cancelled_job_ends_and_says_so(tmp_path: Path, film: Path) -> None:
    captioner = EchoCaptioner(delay=60)
    with running(tmp_path / "state", captioner=captioner) as service:
        id = service.upload(film)["id"]
        job = service.job(id)["id"]
        wait = threading.Event()
        while not captioner._running:
            wait.wait(0.02)
        in_use = service.client.delete(f"/v1/films/{id}")
        assert (in_use.status_code, in_use.json()["error"]["code"]) == (409, "film_in_use")
        assert service.client.delete(f"/v1/jobs/{job}").json()["status"] == "cancelled"
        told = events_of(service.client.get(f"/v1/jobs/{job}/events").text)
        assert json.loads(told[-1][2]) == {"status": "cancelled"}
        while captioner._running:
            wait.wait(0.02)
        assert service.done(job)["status"] == "cancelled"
        with pytest.raises(HttpError, match="no_job"):
            service.service.jobs.get("job-none")


class Receiver(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(500 if len(self.got) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/done"
    server.shutdown()
    server.server_close()


def test_a_webhook_is_told_signed_and_again_until_it_hears(tmp_path: Path, film: Path, receiver: str) -> None:
    with running(tmp_path / "state", webhook_secret="a secret of ours", allow_webhook=("127.0.0.1",)) as service:
        id = service.upload(film)["id"]
        job = service.client.post("/v1/jobs", json={"film": id, "webhook": receiver}).json()["id"]
        assert service.done(job)["status"] == "completed"
        wait = threading.Event()
        while len(Receiver.got) < 2 or service.service.outbox.left():
            wait.wait(0.05)
        headers, body = Receiver.got[-1]
        moment = int(headers["x-scenescribe-signature"].split(",")[0].removeprefix("t="))
        assert headers["x-scenescribe-signature"] == sign("a secret of ours", moment, body)
        event = json.loads(body)
        assert (event["event"], event["job"]["id"], event["job"]["status"]) == ("job.completed", job, "completed")
        assert Receiver.got[0][0]["x-scenescribe-delivery"] == headers["x-scenescribe-delivery"]


def test_what_is_left_of_a_job_is_told(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write(film, FilmSpec(seconds=16, width=96, height=64, fps=8, gop=8))
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=0.2, capacity=1)) as service:
        id = service.upload(film)["id"]
        first = service.job(id)
        assert first["eta"] is None, "nothing is known yet"
        service.done(first["id"])
        told = [
            json.loads(data)
            for _, name, data in events_of(service.client.get(first["links"]["events"]).text)
            if name == "progress"
        ]
        left = [one["eta"] for one in told if one["eta"] is not None]
        assert left == sorted(left, reverse=True)
        assert all(0 <= one <= 16 for one in left)
        assert left
        waiting = [service.job(id, overwrite=True, prompt=f"{number}?") for number in range(2)]
        assert waiting[1]["eta"] >= 1, "from what the last one took"
        for job in waiting:
            assert service.client.get(f"/v1/jobs/{service.done(job['id'])['id']}").json()["eta"] is None
