"""A service whose engines are processes of their own, as on a machine with several GPUs."""

import asyncio
import os
import signal
from pathlib import Path

from patience import PATIENCE
from serving import Running, running

from models.base import Request
from pipeline.engine.gate import Priority
from pipeline.fleet.fleet import Fleet
from pipeline.fleet.remote import State
from pipeline.fleet.requests import packed, unpacked


def ask(service: Running, film: str, question: str) -> str:
    body = {"model": "shapes", "messages": [{"role": "user", "content": [
        {"type": "video_url", "video_url": {"url": f"scenescribe:{film}"}}, {"type": "text", "text": question}]}]}  # fmt: skip
    answer = service.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def test_jobs_and_questions_go_to_hosts_and_a_death_of_one_costs_nothing(tmp_path: Path, film: Path, root: Path) -> None:
    with running(tmp_path / "state", root=(root,), hosts=2) as service:
        fleet = service.service.studio.host
        assert isinstance(fleet, Fleet)

        async def both() -> None:
            await fleet.coordinator.all_ready()

        service.on_loop(both())
        known = service.upload(film)["id"]
        done = service.done(service.job(known)["id"])
        assert (done["status"], done["captions"]) == ("completed", 3)
        first = ask(service, known, "What is seen?")
        assert first.startswith("8 frames"), first
        questions = fleet.coordinator._questions
        mine = questions._its_own("the film", fleet.coordinator.hosts)
        assert mine is not None
        assert {questions._its_own("the film", fleet.coordinator.hosts) for _ in range(4)} == {mine}, "its pictures are read once"
        assert len({questions._its_own(f"film {n}", fleet.coordinator.hosts) for n in range(16)}) == 2, "films are spread"
        assert mine.pid is not None
        os.kill(mine.pid, signal.SIGKILL)

        async def seen() -> None:
            while mine.state is State.READY:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        service.on_loop(asyncio.wait_for(seen(), PATIENCE))
        assert ask(service, known, "What is seen?") == first, "the other host answers"
        assert service.done(service.job(known, language="fr")["id"])["status"] == "completed"


def test_a_question_goes_before_films_in_its_host() -> None:
    """What a request is worth travels with it."""
    for priority in Priority:
        values, payload = packed(Request(prompt="?", priority=priority, preamble="of the film"))
        assert Priority(unpacked(values, payload).priority) is priority
        assert unpacked(values, payload).preamble == "of the film"
