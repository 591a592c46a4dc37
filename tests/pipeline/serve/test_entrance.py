"""The door is open before the house is furnished: /healthz is answered while the service loads."""

import httpx

from pipeline.serve.entrance import Entrance, Message, Receive, Scope, Send
from pipeline.serve.server import listening


async def test_a_sign_of_life_comes_before_the_service_is_loaded() -> None:
    entrance = Entrance()

    async def loaded(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 204, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    async with listening("127.0.0.1:0", entrance) as (address, _), httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/healthz")).json() == {"alive": True}
        assert (await client.head("/healthz")).status_code == 200
        early = await client.post("/v1/jobs", json={"film": "x"})
        assert (early.status_code, early.json()["error"]["code"], early.headers["retry-after"]) == (503, "starting", "1")
        assert (await client.post("/healthz")).status_code == 503
        entrance.application = loaded
        assert (await client.post("/v1/jobs", json={"film": "x"})).status_code == 204
