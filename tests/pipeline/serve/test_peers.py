"""Peers that ask and never read, that ask far more than they wait for, or whose bodies never end."""

import asyncio
import itertools
import socket
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from patience import PATIENCE
from starlette.exceptions import HTTPException

from pipeline.serve import doors
from pipeline.serve.doors import Doors
from pipeline.serve.key import Key
from pipeline.watch.connections import PIPELINED, patient

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def listening(app: Any, protocol: Any) -> Any:
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none", http=protocol))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        async with asyncio.timeout(PATIENCE):
            yield sock.getsockname()[:2]
    finally:
        server.should_exit = True
        await serving
        sock.close()


@pytest.mark.parametrize("left", [False, True], ids=["an answer that goes on", "all of it written, and the connection closed"])
async def test_an_answer_that_nobody_reads_is_given_up(left: bool) -> None:
    over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        close = [(b"connection", b"close")] if left else []
        await send({"type": "http.response.start", "status": 200, "headers": close})
        await send({"type": "http.response.body", "body": bytes(64 << 20), "more_body": not left})
        while not left and (await receive())["type"] != "http.disconnect":
            pass

    class Seen(patient(unread=0.2)):  # type: ignore[misc]
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            over.set()

    async with listening(app, Seen) as place:
        with socket.create_connection(place) as client:  # blocking, and never read from
            client.sendall(ASKED)
            await over.wait()


class Clock:
    """A loop that keeps what is to be called."""

    def __init__(self) -> None:
        self.due: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, _: float, what: Callable[..., None], *arguments: Any) -> "Clock":
        self.due.append((what, arguments))
        return self

    def call_soon(self, what: Callable[..., None], *arguments: Any) -> "Clock":
        return self.call_later(0, what, *arguments)

    def cancel(self) -> None:
        self.due.clear()

    def go_on(self) -> None:
        due, self.due = self.due, []
        for what, arguments in due:
            what(*arguments)


class Waiting:
    """A transport with bytes that wait."""

    bytes_waiting, aborted = 0, False

    def get_write_buffer_size(self) -> int:
        return self.bytes_waiting

    def abort(self) -> None:
        self.aborted = True


async def test_who_reads_slowly_may_take_as_long_as_he_likes() -> None:
    protocol = patient()(uvicorn.Config(lambda: None, log_config=None), uvicorn.server.ServerState(), {})
    clock, transport = Clock(), Waiting()
    protocol.loop, protocol.transport = clock, transport
    protocol.flow = uvicorn.protocols.http.flow_control.FlowControl(transport)
    transport.bytes_waiting = 1000
    protocol.pause_writing()
    transport.bytes_waiting = 5000  # written together with the first ones
    clock.go_on()
    for _ in range(100):
        transport.bytes_waiting -= 1
        clock.go_on()
    assert not transport.aborted
    clock.go_on()
    assert transport.aborted, "nothing was read between two looks"
    transport.aborted = False
    protocol.pause_writing()
    protocol.resume_writing()
    assert not clock.due, "who has read all of it is not looked at"


async def test_requests_that_are_sent_ahead_are_few() -> None:
    """Each is kept until those before it are answered: a stranger's 5,000 in one piece took 7 MB, on each of 500 connections."""
    asked, over = 0, asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        asked += 1
        await over.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async with listening(app, patient()) as place:
        _, many = await asyncio.open_connection(*place)
        many.write(ASKED * 5000)
        reader, few = await asyncio.open_connection(*place)
        few.write(ASKED * PIPELINED)
        with suppress(ConnectionError):
            await many.drain()
            await many.wait_closed()
        over.set()
        for _ in range(PIPELINED):
            assert await reader.readuntil(b"\r\n\r\nok")
        few.close()
    assert asked <= PIPELINED + 1, "of those that were too many none was asked but the first"


async def test_a_small_body_is_there_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is a sign of life, and no reason to wait for a year: a stranger may send a key to the sign-in page."""
    minutes = itertools.count(step=60.0)
    monkeypatch.setattr(doors, "time", SimpleNamespace(monotonic=lambda: next(minutes)))
    said: list[HTTPException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            for _ in range(doors.SIGN_IN):
                await receive()
        except HTTPException as error:
            said.append(error)

    async def a_byte() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def nowhere(_: Any) -> None:
        raise AssertionError("nothing is answered before it is whole")

    door = Doors(app, key=Key("k" * 20), hosts=(), origins=(), most_upload=1000)
    scope = {"type": "http", "method": "POST", "path": "/signin", "query_string": b"", "headers": [(b"host", b"localhost")]}
    await door(scope, a_byte, nowhere)
    assert [(error.status_code, "in whole" in str(error.detail)) for error in said] == [(408, True)]


async def test_no_more_than_a_key_is_taken_at_the_sign_in_page() -> None:
    answers: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it is refused before it is read")

    async def keep(message: Any) -> None:
        answers.append(message)

    async def nothing() -> Any:
        raise AssertionError("its body is not read")

    door = Doors(app, key=Key("k" * 20), hosts=(), origins=(), most_upload=1000)
    headers = [(b"host", b"localhost"), (b"content-length", b"900000")]
    await door({"type": "http", "method": "POST", "path": "/signin", "query_string": b"", "headers": headers}, nothing, keep)
    assert answers[0]["status"] == 413
