"""What comes at once, or is ended half-way: nobody takes another's file, name or number, and nothing half is left in the way."""

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE
from serving import Running, running

from pipeline.errors import EnvironmentFault
from pipeline.serve import key as keys
from pipeline.serve.doors import _check_length
from pipeline.serve.faults import HttpError
from pipeline.serve.roots import held
from pipeline.serve.uploads import TOGETHER, Incoming, receive_raw


async def body(path: Path) -> AsyncIterator[bytes]:
    yield path.read_bytes()


def test_one_film_sent_twice_at_once_under_two_names_is_there_under_one(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "state") as running_one:
        service = running_one.service
        both, real = threading.Barrier(2), service.studio.host.source

        def source(path: Path) -> Any:
            def probe() -> Any:
                both.wait(PATIENCE)
                return real(path).probe()

            return SimpleNamespace(probe=probe)

        async def sent() -> Any:
            received = [await receive_raw(body(film), service.incoming, name, most=1 << 30) for name in ("a.mp4", "b.mp4")]
            return await asyncio.gather(*(service.take(one, "user_data") for one in received))

        monkeypatch.setattr(service.studio.host, "source", source)
        (one, new), (other, another) = running_one.on_loop(sent())
        assert one == other
        assert [new, another].count(True) == 1
        assert running_one.client.get(f"/v1/files/{one.id}/content").content == film.read_bytes()
        assert os.listdir(service.incoming) == []


def test_a_film_whose_file_was_lost_may_be_sent_again_under_another_name(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "state") as service:
        id = service.upload(film, "a.mp4")["id"]
        shutil.rmtree(tmp_path / "state/uploads" / id)
        assert service.client.get(f"/v1/files/{id}/content").status_code == 404
        assert service.upload(film, "b.mp4")["filename"] == "b.mp4"
        assert service.client.get(f"/v1/files/{id}/content").content == film.read_bytes()


async def test_a_file_on_its_way_in_is_closed_when_its_last_piece_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = Incoming(tmp_path, "film", most=1 << 30)
    began, go, is_open = asyncio.Event(), threading.Event(), list[bool]()
    loop = asyncio.get_running_loop()

    def flush(sync: bool = False) -> None:
        loop.call_soon_threadsafe(began.set)
        go.wait(PATIENCE)
        is_open.append(os.path.exists(f"/proc/self/fd/{incoming._fd}"))

    async def come() -> None:
        with incoming:
            await incoming.write(bytes(TOGETHER))

    monkeypatch.setattr(incoming, "_flush", flush)
    task = asyncio.create_task(come())
    await began.wait()
    task.cancel()
    for _ in range(10):  # turns in which it could end
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert is_open == [True]
    assert os.listdir(tmp_path) == []


def test_a_films_number_is_free_when_its_name_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    real, there = os.close, list[bool]()
    with held(tmp_path, Path("a.mp4"), tmp_path / "held") as one:

        def close(number: int) -> None:
            if number == one.descriptor:
                there.append(one.path.is_symlink())
            real(number)

        monkeypatch.setattr(os, "close", close)
    assert there == [False]


def test_a_job_that_is_cancelled_while_it_is_claimed_is_not_done(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "state") as service:
        jobs, worker, began = service.service.jobs, service.service.worker, list[str]()
        claim, describe = jobs.claim, worker._describe
        first: list[str] = []

        def claimed(lease: float) -> Any:
            job = claim(lease)
            if job is not None and not first:
                first.append(job.id)
                jobs.cancel(job.id)
            return job

        async def described(job: Any, place: Any) -> Any:
            began.append(job.id)
            return await describe(job, place)

        monkeypatch.setattr(jobs, "claim", claimed)
        monkeypatch.setattr(worker, "_describe", described)
        id = service.upload(film)["id"]
        cancelled = service.job(id)["id"]
        assert service.done(cancelled)["status"] == "cancelled"
        other = service.job(id)["id"]
        assert service.done(other)["status"] == "completed"
        assert (first, began) == ([cancelled], [other])
        assert service.client.get(f"/v1/jobs/{cancelled}").json()["status"] == "cancelled"


def test_a_key_that_could_not_be_written_is_made_when_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"

    def full(_: int) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(keys.secrets, "token_urlsafe", full)
        with pytest.raises(EnvironmentFault, match="state_unwritable"):
            keys.load_key(path)
    assert os.listdir(tmp_path) == []
    assert keys.load_key(path).text == path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("length", ["9" * 5000, "\u00b2", "-1", "1e3"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(HttpError, match="bad_request"):
        _check_length({"content-length": length}, 10)


def test_captions_that_were_left_behind_are_not_found(tmp_path: Path, film: Path) -> None:
    """A service that is killed while a film is removed has forgotten the film, and its captions are still there."""

    def found(service: Running, **more: str) -> list[str]:
        answer = service.client.get("/v1/search", params={"q": "frames", **more})
        return [hit["film"] for hit in answer.json()["data"]]

    with running(tmp_path / "state") as service:
        id = service.upload(film)["id"]
        assert service.done(service.job(id)["id"])["status"] == "completed"
        shutil.copytree(tmp_path / "state/films" / id, tmp_path / "state/films/film-gone")
        assert set(found(service)) == set(found(service, film=id)) == {id}
        answer = service.client.get("/films/search", params={"q": "frames"})
        assert answer.status_code == 200
        assert "film-gone" not in answer.text
