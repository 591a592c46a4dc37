"""``/v1/streams``: the streams of ``--cameras``, what is seen in them now, and events as they come."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from starlette.responses import StreamingResponse

from pipeline.live.outputs.listeners import jpeg
from pipeline.serve.bodies import CheckedRoute
from pipeline.serve.faults import HttpError
from pipeline.serve.service import Service
from pipeline.serve.sse import STREAM_HEADERS

ALL = "-"
"""in place of a name: the events of all streams, in one connection"""


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/streams", route_class=CheckedRoute, tags=["streams"])

    @routes.get("")
    async def index() -> dict[str, Any]:
        """The configured streams, each with its state and its newest description."""
        return {"object": "list", "data": [service.streams.view(name) for name in service.streams.names()]}

    @routes.get("/{name}")
    async def get(name: str) -> dict[str, Any]:
        """One stream."""
        return service.streams.view(name)

    @routes.get("/{name}/picture", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
    async def picture(name: str) -> Response:
        """The last picture that the newest description is about: what the model was shown of it, in the stream's own proportions."""
        data = await asyncio.to_thread(jpeg, *service.streams.picture(name))
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @routes.get("/{name}/events", response_class=StreamingResponse)
    async def events(name: str, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """Server-sent events (docs/live.md lists them); ``-`` are all streams. After a break go on with ``Last-Event-ID``."""
        if name != ALL or not service.streams:
            service.streams.view(name)
        if service.streams.listeners.full:
            raise HttpError(429, "too_many_asks", "as many listen to streams as may; come again", retry_after=10)
        told = service.streams.listeners.told(last_event_id or "")
        mine = told if name == ALL else _of(name, told)
        return StreamingResponse(mine, media_type="text/event-stream", headers=STREAM_HEADERS)

    return routes


async def _of(name: str, told: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The events of one stream, and the signs of life between them."""
    async for one in told:
        data = next((row[5:] for row in one.split(b"\n") if row.startswith(b"data:")), None)
        if data is None or json.loads(data).get("stream") == name:
            yield one
