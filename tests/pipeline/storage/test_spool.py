"""Films of a storage lie here while they are read: whole, of one version, never more than there is room for."""

import asyncio
import math
import secrets
import threading
from pathlib import Path

import pytest
from buckets import S3
from patience import PATIENCE

from pipeline.errors import InputError
from pipeline.storage import Storage, open_storage
from pipeline.storage import spool as spools
from pipeline.storage.spool import Remote, Spool


def put(storage: Storage, name: str, size: int) -> tuple[Remote, bytes]:
    data = secrets.token_bytes(size)
    storage.put(name, data)
    return Remote(storage=storage, entry=storage.head(name)), data


async def test_a_film_comes_whole_by_few_requests_and_goes(s3: S3, tmp_path: Path) -> None:
    remote, data = put(open_storage(s3.bucket(), s3.options), "a/film.mp4", 2 * spools.PIECE + 1000)
    before = len(s3.asked)
    async with Spool(len(data)).here(remote, tmp_path / "0/a/film.mp4"):
        assert (tmp_path / "0/a/film.mp4").read_bytes() == data
        assert len(s3.asked) - before <= 2 + math.ceil(len(data) / spools.PIECE)
    assert not (tmp_path / "0/a/film.mp4").exists()


async def test_the_bound_is_held_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "there")
    films = [put(storage, f"{number}.mp4", 400_000)[0] for number in range(6)]
    spool, most = Spool(1_000_000), 0

    async def read(number: int) -> None:
        nonlocal most
        async with spool.here(films[number], tmp_path / f"here/{number}.mp4"):
            lying = sum(path.stat().st_size for path in (tmp_path / "here").iterdir())
            most = max(most, lying)
            await asyncio.sleep(0.01)

    await asyncio.gather(*map(read, range(6)))
    assert 400_000 <= most <= 1_000_000
    assert (spool.used, list((tmp_path / "here").iterdir())) == (0, [])


async def test_what_is_too_large_is_told_at_once(tmp_path: Path) -> None:
    remote, _ = put(open_storage(tmp_path / "there"), "film.mp4", 1000)
    spool = Spool(999)
    with pytest.raises(InputError, match=r"spool_too_small.*caption and annotate, as one process"):
        async with spool.here(remote, tmp_path / "here/film.mp4"):
            pass


@pytest.mark.parametrize("size", [500, 1000, 2000], ids=["shorter", "other", "longer"])
async def test_a_film_that_changed_is_told_and_leaves_no_room_taken(tmp_path: Path, size: int) -> None:
    storage = open_storage(tmp_path / "there")
    remote, _ = put(storage, "film.mp4", 1000)
    put(storage, "film.mp4", size)
    spool = Spool(1000)
    with pytest.raises(InputError, match="source_changed"):
        async with spool.here(remote, tmp_path / "here/film.mp4"):
            pass
    assert spool.used == 0
    assert not (tmp_path / "here/film.mp4").exists()


async def test_a_copy_that_is_cancelled_asks_for_nothing_more_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "PIECE", 1000)
    monkeypatch.setattr(spools, "AT_ONCE", 1)
    storage = open_storage(tmp_path / "there")
    remote, _ = put(storage, "film.mp4", 50_000)
    asked, first, go_on = [], threading.Event(), threading.Event()
    plain = type(storage).get_range

    def get_range(self: Storage, name: str, start: int, size: int) -> bytes:
        asked.append(start)
        first.set()
        assert go_on.wait(PATIENCE)
        return plain(self, name, start, size)

    monkeypatch.setattr(type(storage), "get_range", get_range)
    spool = Spool(50_000)

    async def read() -> None:
        async with spool.here(remote, tmp_path / "here/film.mp4"):
            raise AssertionError("it was never whole")

    task = asyncio.create_task(read())
    assert await asyncio.to_thread(first.wait, PATIENCE)
    task.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (asked, spool.used, list((tmp_path / "here").iterdir())) == ([0], 0, [])
