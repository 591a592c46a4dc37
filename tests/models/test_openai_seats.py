"""Servers that work at one request after another: fewer are under way, and who waited behind others is not given up."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from stub_server import Stub, answer, sleep

from models.base import Request
from models.engines.openai.endpoint import OpenAIEndpoint
from models.engines.openai.seats import Seats
from models.errors import EndpointError
from models.options import EngineOptions
from models.preset import Preset

Film = Callable[..., Request]


@asynccontextmanager
async def endpoint(server: Stub, seats: int, attempts: int, patience: float) -> AsyncIterator[OpenAIEndpoint]:
    made = OpenAIEndpoint(
        Preset(name="tiny", id="tiny", frames="images"), EngineOptions(max_num_seqs=seats), base_url=server.url, patience=0.01,
        timeout=httpx.Timeout(60, read=patience), attempts=attempts,
    )  # fmt: skip
    await made.start()
    try:
        yield made
    finally:
        await made.close()


class OneByOne:
    """A server that works at one request after another, in the order that they came, and leaves out those whose client has gone."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._queue: list[object] = []

    def __call__(self, handler: Any) -> None:
        mine = object()
        self._queue.append(mine)
        try:
            while self._queue[0] is not mine:
                time.sleep(0.005)
                with suppress(BlockingIOError):
                    if not handler.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                        handler.close_connection = True
                        return
            time.sleep(self._pause)
            answer("fine")(handler)
        finally:
            self._queue.remove(mine)


async def test_a_server_of_one_at_a_time_gets_fewer_at_a_time(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([], always=OneByOne(0.12)) as server:
        async with endpoint(server, seats=8, attempts=4, patience=0.55) as made:
            got = await asyncio.gather(*(made.caption(film()) for _ in range(16)))
            assert [one.text for one in got] == ["fine"] * 16
            assert (await made.metrics())["running"] == 0
            assert made._seats.allowed < 8
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "does not come to 8 requests in time (--max-num-seqs)" in told[0]


async def test_a_server_that_is_silent_ends_the_run_after_as_many_attempts(film: Film) -> None:
    with Stub([], always=sleep(2.0)) as server:
        async with endpoint(server, seats=4, attempts=2, patience=0.2) as made:
            got = await asyncio.gather(*(made.caption(film()) for _ in range(4)), return_exceptions=True)
            assert (await made.metrics())["running"] == 0
    assert all(isinstance(one, EndpointError) for one in got)
    assert "does not answer in time (ReadTimeout) (2 attempts)" in str(got[0])
    assert "--max-num-seqs" in str(got[0])
    assert len(server.requests) <= 4 + 2 + 2 * 2, "no more than each once, and then as few as are left"


async def test_seats_are_taken_once_for_all_that_were_late_together() -> None:
    told: list[str] = []
    seats = Seats(16, "x", told.append)
    begun = [seats.begun() for _ in range(16)]
    for one in begun:
        seats.late(one)
    assert (seats.allowed, seats.silent) == (8, 1)
    for allowed in (4, 2, 1, 1):
        seats.late(seats.begun())
        assert seats.allowed == allowed
    assert len(set(told)) == 1


async def test_seats_that_are_taken_away_stay_away_whoever_is_cancelled() -> None:
    seats = Seats(4, "x", lambda _: None)
    most, over = 0, asyncio.Event()

    async def work(*, late: bool) -> None:
        nonlocal most
        async with seats.one():
            if late:
                seats.late(seats.begun())
                await seats.again()
            most = max(most, seats.running)
            await over.wait()

    first = [asyncio.create_task(work(late=True)) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert (seats.allowed, seats.running, seats.waiting) == (1, 1, 3)
    for task in first[1:]:
        task.cancel()
    await asyncio.sleep(0.01)
    assert (seats.running, seats.waiting) == (1, 0)
    others = [asyncio.create_task(work(late=False)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert (seats.running, seats.waiting) == (1, 3)
    over.set()
    await asyncio.gather(*first, *others, return_exceptions=True)
    assert (seats.running, seats.waiting, most) == (0, 0, 1)
    async with seats.one():
        task = asyncio.create_task(work(late=False))
        await asyncio.sleep(0.01)
        assert seats.waiting == 1
    await task
