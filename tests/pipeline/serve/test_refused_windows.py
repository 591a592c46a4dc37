"""Jobs of films of which the model refuses windows: what is missing is told, and the next job asks for it alone."""

from pathlib import Path

import pytest
from serving import events_of, running

from models.base import Request
from models.engines.echo import EchoCaptioner
from models.errors import RequestRefused
from pipeline.bench.films import FilmSpec, write


class Refuses(EchoCaptioner):
    """Refuses as many of the windows that it is asked about next as it is told to."""

    def __init__(self, count: int) -> None:
        super().__init__(fault=self._next)
        self.left = count

    def _next(self, request: Request) -> Exception | None:
        self.left -= 1
        return RequestRefused("not this picture") if self.left >= 0 else None


@pytest.mark.parametrize("then", ["caption", "summarize", "burn"])
def test_what_was_refused_is_told_and_asked_by_the_next_job(film: Path, tmp_path: Path, then: str) -> None:
    model = Refuses(1)
    with running(tmp_path / "state", captioner=model) as service:
        id = service.upload(film)["id"]
        job = service.done(service.job(id)["id"])
        assert (job["status"], job["error"], job["captions"]) == ("completed", None, 2)
        (told,) = job["warnings"]
        assert told["code"] == "partial"
        assert "1 of 3 windows" in told["message"]
        events = events_of(service.client.get(f"/v1/jobs/{job['id']}/events").text)
        assert [name for _, name, _ in events][-2:] == ["notice", "done"]
        asked = model.asked
        again = service.done(service.job(id, then)["id"])
        assert (again["status"], again["warnings"], again["captions"]) == ("completed", [], 3)
        assert model.asked == asked + 1, "what was answered is not asked again"


def test_a_film_of_which_all_was_refused_has_failed(film: Path, tmp_path: Path) -> None:
    with running(tmp_path / "state", captioner=Refuses(3)) as service:
        id = service.upload(film)["id"]
        job = service.done(service.job(id)["id"])
        assert (job["status"], job["error"]["code"], job["warnings"]) == ("failed", "no_window_answered", [])
        assert service.done(service.job(id)["id"])["captions"] == 3


def test_a_damaged_film_is_completed_and_says_so(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    write(whole, FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    broken = tmp_path / "broken.mkv"
    data = whole.read_bytes()
    broken.write_bytes(data[: len(data) * 6 // 10])
    with running(tmp_path / "state") as service:
        id = service.upload(broken)["id"]
        for task in ("caption", "mux"):
            job = service.done(service.job(id, task)["id"])
            assert (job["status"], job["error"]) == ("completed", None)
            assert [one["code"] for one in job["warnings"]] == ["partial"], task
            assert "windows" not in job["warnings"][0]["message"]
