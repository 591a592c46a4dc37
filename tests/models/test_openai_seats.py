"""Servers that work at one request after another: fewer are under way, and who waited behind others is not given up."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from patience import PATIENCE
from stub_server import Stub, answer

from models.base import Request
from models.engines.openai.attempts import Again, Enough
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


def silent(handler: Any) -> None:
    """No byte, until the client hangs up."""
    while True:
        time.sleep(0.005)
        with suppress(BlockingIOError):
            if not handler.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                handler.close_connection = True
                return


class HalfOf:
    """A server that waits until so many requests have come, answers half of them, and the others never; all later ones at once."""

    def __init__(self, many: int) -> None:
        self._come, self._many, self._all = count(1), many, threading.Barrier(many)

    def __call__(self, handler: Any) -> None:
        number = next(self._come)
        if number <= self._many:
            self._all.wait(PATIENCE)
        (silent if self._many // 2 < number <= self._many else answer("fine"))(handler)


async def test_a_server_that_does_not_come_to_all_gets_fewer_at_a_time(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([], always=HalfOf(8)) as server:
        async with endpoint(server, seats=8, attempts=6, patience=3.0) as made:
            got = await asyncio.gather(*(made.caption(film()) for _ in range(16)))
            assert [one.text for one in got] == ["fine"] * 16
            assert (await made.metrics())["running"] == 0
            assert made._seats.allowed < 8
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "does not come to 8 requests in time (--max-num-seqs)" in told[0]


async def test_a_server_that_is_silent_ends_the_run_after_as_many_attempts(film: Film) -> None:
    with Stub([], always=silent) as server:
        async with endpoint(server, seats=4, attempts=2, patience=0.2) as made:
            got = await asyncio.gather(*(made.caption(film()) for _ in range(4)), return_exceptions=True)
            assert (await made.metrics())["running"] == 0
    assert all(isinstance(one, EndpointError) for one in got)
    assert "does not answer in time (ReadTimeout) (2 attempts)" in str(got[0])
    assert "--max-num-seqs" in str(got[0])
    assert len(server.requests) <= 4 + 2 + 2 * 2, "no more than each once, and then as few as are left"


def late(enough: Enough, others: Seats | None = None) -> bool:
    """Whether it is given up after one more attempt to which not a byte came; ``others``: of which one was answered meanwhile."""
    enough.begins()
    if others is not None:
        others.answer()
    state: Any = SimpleNamespace(outcome=SimpleNamespace(exception=lambda: Again("is late", late=True)))
    return enough(state)


async def test_who_is_late_while_others_are_answered_is_not_given_up() -> None:
    seats = Seats(8, "x", lambda _: None)
    enough = Enough(2, seats)
    for _ in range(20):
        assert not late(enough, others=seats)
    assert [late(enough) for _ in range(2)] == [False, True], "nobody is answered any more"


async def turns() -> None:
    """Let all that is ready go on, and what becomes ready by it."""
    for _ in range(50):
        await asyncio.sleep(0)


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
    await turns()
    assert (seats.allowed, seats.running, seats.waiting) == (1, 1, 3)
    for task in first[1:]:
        task.cancel()
    await turns()
    assert (seats.running, seats.waiting) == (1, 0)
    others = [asyncio.create_task(work(late=False)) for _ in range(3)]
    await turns()
    assert (seats.running, seats.waiting) == (1, 3)
    over.set()
    await asyncio.gather(*first, *others, return_exceptions=True)
    assert (seats.running, seats.waiting, most) == (0, 0, 1)
    async with seats.one():
        task = asyncio.create_task(work(late=False))
        await turns()
        assert seats.waiting == 1
    await task
