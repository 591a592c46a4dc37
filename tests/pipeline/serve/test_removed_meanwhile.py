"""What is removed while it is answered, asked about or searched is 404, or is sent to its end: never a fault of ours."""

import contextlib
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import running

from pipeline.serve.captions import ENDING, Library
from pipeline.serve.faults import HttpError
from pipeline.serve.held_file import HeldFile
from pipeline.serve.worker import Worker


async def got(answer: HeldFile, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(answer), base_url="http://here") as client:
        return await client.get("/", headers=headers)


def is_open(path: Path) -> bool:
    """Whether this process holds the file, under its name or, after it was removed, as ``NAME (deleted)``."""
    held = list[str]()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile, by whoever has it
            held.append(os.readlink(f"/proc/self/fd/{number}"))
    return any(name.removesuffix(" (deleted)") == os.fspath(path) for name in held)


@pytest.mark.parametrize(("wanted", "told"), [("", b"0123456789"), ("bytes=2-4", b"234")])
async def test_a_file_that_is_removed_before_its_answer_begins_is_sent_whole(tmp_path: Path, wanted: str, told: bytes) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"0123456789")
    answer = HeldFile(film, kind="video/mp4")
    assert is_open(film)
    film.unlink()
    assert (await got(answer, **({"Range": wanted} if wanted else {}))).content == told
    assert not is_open(film)
    with pytest.raises(HttpError, match="is gone"):
        HeldFile(film, kind="video/mp4")


def test_captions_that_go_while_they_are_listed_are_not_there(tmp_path: Path) -> None:
    library = Library(tmp_path)
    (tmp_path / "film-1/en").mkdir(parents=True)
    (tmp_path / "film-1/en" / f"a{ENDING}").symlink_to(tmp_path / "gone")  # as one that went after its name was read
    (tmp_path / "film-2").write_text("no folder")
    assert library.described("film-1") == library.described("film-2") == library.described("film-3") == {}
    (tmp_path / "film-1/de").mkdir()
    (tmp_path / "film-1/de" / f"b{ENDING}").write_text("{}")
    assert list(library.described("film-1")) == ["de"]
    assert set(library.documents({"film-1", "film-3"}).values()) == {"film-1"}
    assert not library.documents({"film-3"})  # nor those of a film that was removed, and whose captions were left behind


def test_a_film_that_is_removed_while_it_is_opened_for_a_question(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "state") as service:
        id = service.upload(film)["id"]
        films = service.service.open_films
        is_open = films._is_open

        def removed(key: tuple[Any, ...], opening: Any) -> None:
            is_open(key, opening)
            films._open.pop(key).held.close()
            service.service.films.remove(id)

        films._is_open = removed  # type: ignore[method-assign]
        shown = {"type": "video_url", "video_url": {"url": f"scenescribe:{id}"}}
        said = [{"role": "user", "content": [shown, {"type": "text", "text": "what is seen?"}]}]
        answer = service.client.post("/v1/chat/completions", json={"messages": said})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_film")


def test_a_job_that_outlives_the_service_says_nothing(tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread may take longer than the service waits: the database is closed then, and the next start takes the job back."""
    with running(tmp_path / "state") as service:
        id = service.upload(film)["id"]
        worker = service.service.worker

        async def late(self: Worker, job: Any, place: Any) -> Any:
            worker._left = True
            raise RuntimeError("the thread ended late")

        monkeypatch.setattr(Worker, "_describe", late)
        job = service.job(id)["id"]
        while not worker._left or worker._tasks:
            service.client.get("/healthz")
        assert service.client.get(f"/v1/jobs/{job}").json()["status"] == "in_progress"
