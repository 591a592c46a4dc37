"""The door is open before the house is furnished: /healthz is answered while the service loads."""

import asyncio
import logging

import httpx
import pytest
from patience import PATIENCE

from pipeline.serve import server
from pipeline.serve.entrance import Entrance, Message, Receive, Scope, Send
from pipeline.serve.server import listening


async def test_a_sign_of_life_comes_before_the_service_is_loaded() -> None:
    entrance = Entrance()

    async def loaded(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 204, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    async with (
        listening("127.0.0.1:0", entrance) as (address, _),
        httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client,
    ):
        assert (await client.get("/healthz")).json() == {"alive": True}
        assert (await client.head("/healthz")).status_code == 200
        early = await client.post("/v1/jobs", json={"film": "x"})
        assert (early.status_code, early.json()["error"]["code"], early.headers["retry-after"]) == (503, "starting", "1")
        assert (await client.post("/healthz")).status_code == 503
        entrance.application = loaded
        assert (await client.post("/v1/jobs", json={"film": "x"})).status_code == 204


async def test_who_waits_when_it_ends_is_told_to_come_again_and_nothing_is_called_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "LEAVE", 0)
    entrance, came = Entrance(), asyncio.Semaphore(0)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/streamed":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        came.release()
        await asyncio.Event().wait()

    entrance.application = slow
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        async with listening("127.0.0.1:0", entrance) as (address, _):
            waiting = asyncio.create_task(client.get(f"{address}/whole"))
            streamed = asyncio.create_task(client.get(f"{address}/streamed"))
            await came.acquire()
            await came.acquire()
        answer = await waiting
        assert (answer.status_code, answer.json()["error"]["code"], answer.headers["retry-after"]) == (503, "stopping", "5")
        with pytest.raises(httpx.RemoteProtocolError):  # it is not whole, and does not look as if it were
            await streamed
    assert (entrance.turned_away, entrance.cut_off) == (1, 1)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
