"""A new version of a film, of as many bytes, that takes its name at the worst moment: it is described in its turn, and stands for no other."""

import os
from pathlib import Path
from typing import Any

import pytest
from watched import House

from pipeline.store.database import Database
from pipeline.store.queue import Queue
from pipeline.watch import deliveries
from scripts.soaks.madeup import WINDOWS


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def arrives(house: House, text: str, *, later: int = 1) -> None:
    """Another file takes the name, as downloads and copies do that are whole when they come."""
    film, new = house.inbox / "a.txt", house.base / "new"
    new.write_text(text)
    os.utime(new, ns=(1, film.stat().st_mtime_ns + later))
    new.replace(film)


@pytest.mark.parametrize("folder", ["done_dir", "failed_dir"])
async def test_one_that_comes_between_the_end_of_the_job_and_the_move(
    house: House, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """It was moved away as if it had been described."""
    real, came = deliveries.move, list[str]()

    def move(source: Path, *values: Any) -> Path | None:
        if not came:
            came.append("new")
            arrives(house, "behind")
        return real(source, *values)

    monkeypatch.setattr(deliveries, "move", move)
    house.film("a.txt", "before")
    if folder == "failed_dir":
        house.echo.trouble = lambda _: ValueError("an accident")
    await house.once(max_attempts=1, **{folder: house.base / "moved"})
    assert [(path.name, path.read_text()) for path in (house.base / "moved").iterdir()] == [("a.txt", "behind")]
    assert not list(house.inbox.iterdir())
    if folder == "done_dir":
        assert house.echo.total == 2 * WINDOWS


async def test_one_that_comes_while_the_film_is_described(house: House) -> None:
    """The captions of the new one were kept for the content of the old one: whoever had a copy of that got them."""

    def trouble(count: int) -> None:
        if count == 1:
            arrives(house, "behind")

    house.echo.trouble = trouble
    house.film("a.txt", "before")
    assert await house.once() == 0
    assert house.states() == {"a.txt": "done"}
    behind, asked = house.document("a"), house.echo.total
    house.film("b.txt", "before")
    house.film("c.txt", "behind")
    assert await house.once() == 0
    assert house.echo.total == asked + WINDOWS, "one is the film of before, which nobody has captions of"
    assert house.jobs()["b.txt"].reason == ""
    assert house.jobs()["c.txt"].reason == "same_content"
    assert house.document("c")["captions"] == behind["captions"]


async def test_a_move_that_an_older_daemon_left_is_made(house: House) -> None:
    """It tells the film's size alone."""
    film = house.film("a.txt", "before")
    await house.once()
    database = Database(house.base / "state")
    (job,) = Queue(database).jobs()
    body = {"path": str(film), "target": str(house.base / "done" / "a.txt"), "size": job.stamp.size}
    Queue(database).finish(job, "done", written=job.written, deliveries=[("move", body)])
    database.close()
    assert await house.once() == 0
    assert (house.base / "done" / "a.txt").read_text() == "before"
