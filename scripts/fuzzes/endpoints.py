"""The door of answers over HTTP: an endpoint's own client, served from memory."""

import asyncio
from functools import cache
from typing import Any

from models.errors import ModelError
from pipeline.errors import ScenescribeError


def answer(data: bytes) -> object:
    """One answer of a server, whole and in pieces, through the endpoint's own client."""
    loop, endpoint, served = _endpoint()
    served[0] = data
    return loop.run_until_complete(_asked(endpoint))


@cache
def _endpoint() -> tuple[asyncio.AbstractEventLoop, Any, list[bytes]]:
    """Made once: a client of TLS takes longer than all that is tried."""
    import httpx

    from models.engines.openai.client import Client
    from models.engines.openai.endpoint import OpenAIEndpoint
    from models.engines.openai.seats import Seats
    from models.presets import preset

    served = [b""]
    endpoint = OpenAIEndpoint(preset("shapes"), base_url="http://localhost/v1", attempts=1)
    client = Client(
        "http://localhost/v1",
        None,
        seats=Seats(2, "http://localhost/v1", lambda _: None),
        timeout=httpx.Timeout(5),
        whole=5.0,
        attempts=1,
        patience=0.01,
        tell_once=lambda _: None,
    )
    client._http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=served[0])))
    endpoint._client = client
    return asyncio.new_event_loop(), endpoint, served


async def _asked(endpoint: Any) -> list[object]:
    import numpy as np

    from models.base import Request

    request = Request(prompt="x", video=np.zeros((1, 8, 8, 3), np.uint8), times=(0.0,))
    got: list[object] = []
    for act in (lambda: endpoint.caption(request), lambda: _all(endpoint.stream(request))):
        try:
            got.append(await act())
        except (ScenescribeError, ModelError):
            got.append(None)
    return got


async def _all(pieces: Any) -> list[object]:
    return [piece async for piece in pieces]
