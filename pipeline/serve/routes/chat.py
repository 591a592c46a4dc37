"""``/v1/chat/completions``, ``/v1/completions`` and ``/v1/models``: questions in OpenAI's protocol."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.sse import format_sse_event
from starlette.responses import JSONResponse, StreamingResponse

from models.base import Request as Question
from pipeline.accident import logged
from pipeline.errors import ScenescribeError
from pipeline.serve.answering import Ended, answer
from pipeline.serve.bodies import CheckedRoute
from pipeline.serve.faults import HttpError, accident, body_of
from pipeline.serve.protocol import Chat, Completion, Drawing
from pipeline.serve.questions import AboutFilm, asked_by, check_model
from pipeline.serve.service import Service
from pipeline.serve.sse import EVERY, PING, STREAM_HEADERS

PATIENCE = 1.0
"""seconds in which what is wrong with a question still becomes its status, before the stream begins"""


def router(service: Service) -> APIRouter:
    routes = APIRouter(route_class=CheckedRoute, prefix="/v1", tags=["questions"])

    @routes.get("/models")
    async def models() -> dict[str, Any]:
        """The one model that is served."""
        studio = service.studio
        return {
            "object": "list",
            "data": [
                {
                    "id": studio.preset.name, "object": "model", "created": int(service.began), "owned_by": "scenescribe",
                    "scenescribe": {
                        "id": studio.recipe.model, "engine": studio.model.engine, "ready": studio.engine.ready,
                        "frames": studio.preset.ask.frames or studio.preset.frame_count,
                    },
                }
            ],
        }  # fmt: skip

    @routes.post("/chat/completions", response_model=None)
    async def chat(body: Chat, request: Request) -> Response:
        """A question about text, images or a film that is here (``video_url: scenescribe:film-...`` or ``file: {file_id}``)."""
        asked = await asked_by(service, body)
        return await _respond(service, body, asked, request, chat=True)

    @routes.post("/completions", response_model=None)
    async def completions(body: Completion, request: Request) -> Response:
        """A question of text alone."""
        check_model(service, body.model)
        question = Question(prompt=body.prompt, sampling=body.sampling())
        return await _respond(service, body, question, request, chat=False)

    return routes


async def _respond(service: Service, body: Drawing, asked: Question | AboutFilm, request: Request, *, chat: bool) -> Response:
    owner = body.user or (request.client.host if request.client else "")
    pieces = answer(service, asked, body.stops, owner)
    shape = _Shape(service, chat=chat, usage=bool(body.stream_options and body.stream_options.include_usage))
    if body.stream:
        first = asyncio.create_task(anext(pieces))
        if not await _stays(request, first):
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await pieces.aclose()
            raise HttpError(499, "client_left", "the client left before its answer came")
        if first.done() and first.exception() is not None:
            first.result()
        return StreamingResponse(_streamed(pieces, first, shape), media_type="text/event-stream", headers=STREAM_HEADERS)
    whole = asyncio.create_task(_whole(pieces))
    left = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({whole, left}, return_when=asyncio.FIRST_COMPLETED)
        if not whole.done():
            raise HttpError(499, "client_left", "the client left before its answer came")
        return JSONResponse(shape.whole(whole.result()))
    finally:
        for task in (whole, left):
            task.cancel()
        await asyncio.gather(whole, left, return_exceptions=True)
        await pieces.aclose()


async def _whole(pieces: AsyncGenerator[str | Ended, None]) -> Ended:
    async for piece in pieces:
        if isinstance(piece, Ended):
            return piece
    raise AssertionError("an answer has an end")


async def _stays(request: Request, first: "asyncio.Task[str | Ended]") -> bool:
    """Wait for the first piece, for PATIENCE at most; whether the client is still there to read it."""
    left = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({first, left}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        return first.done() or not left.done()
    finally:
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)


async def _left(request: Request) -> None:
    """Until the client is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _streamed(
    pieces: AsyncGenerator[str | Ended, None], first: "asyncio.Task[str | Ended]", shape: "_Shape"
) -> AsyncIterator[bytes]:
    waited: asyncio.Task[str | Ended] = first
    async with aclosing(pieces):
        try:
            yield PING
            for chunk in shape.begin():
                yield _line(chunk)
            while True:
                done, _ = await asyncio.wait({waited}, timeout=EVERY)
                if not done:
                    yield PING
                    continue
                piece = waited.result()
                if isinstance(piece, Ended):
                    for chunk in shape.end(piece):
                        yield _line(chunk)
                    yield format_sse_event(data_str="[DONE]")
                    return
                yield _line(shape.piece(piece))
                waited = asyncio.create_task(anext(pieces))
        except ScenescribeError as error:
            yield _line(body_of(error))
        except Exception as error:
            logged(error)
            yield _line(body_of(accident(error)))
        finally:
            waited.cancel()
            await asyncio.gather(waited, return_exceptions=True)


def _line(value: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(value, ensure_ascii=True))


class _Shape:
    """One answer in OpenAI's shapes."""

    def __init__(self, service: Service, *, chat: bool, usage: bool) -> None:
        self._chat, self._usage = chat, usage
        self._head = {
            "id": ("chatcmpl-" if chat else "cmpl-") + secrets.token_hex(12),
            "created": int(time.time()),
            "model": service.studio.preset.name,
        }

    def begin(self) -> list[dict[str, Any]]:
        return [self._chunk({"delta": {"role": "assistant", "content": ""}, "finish_reason": None})] if self._chat else []

    def piece(self, text: str) -> dict[str, Any]:
        said = {"delta": {"content": text}} if self._chat else {"text": text}
        return self._chunk({**said, "finish_reason": None})

    def end(self, reply: Ended) -> list[dict[str, Any]]:
        said: dict[str, Any] = {"delta": {}} if self._chat else {"text": ""}
        chunks = [self._chunk({**said, "finish_reason": reply.finish}) | {"scenescribe": self._told(reply)}]
        if self._usage:
            chunks.append({**self._head, "object": self._object, "choices": [], "usage": _usage(reply)})
        return chunks

    def whole(self, reply: Ended) -> dict[str, Any]:
        said = {"message": {"role": "assistant", "content": reply.text}} if self._chat else {"text": reply.text}
        choice = {"index": 0, **said, "finish_reason": reply.finish, "logprobs": None}
        kind = "chat.completion" if self._chat else "text_completion"
        return {**self._head, "object": kind, "choices": [choice], "usage": _usage(reply), "scenescribe": self._told(reply)}

    @property
    def _object(self) -> str:
        return "chat.completion.chunk" if self._chat else "text_completion"

    def _chunk(self, choice: dict[str, Any]) -> dict[str, Any]:
        return {**self._head, "object": self._object, "choices": [{"index": 0, **choice, "logprobs": None}]}

    def _told(self, reply: Ended) -> dict[str, Any]:
        return {"film": None, "looked_at": [], **reply.told, "cached_tokens": reply.cached_tokens}


def _usage(reply: Ended) -> dict[str, Any] | None:
    """None for an answer that was left at a stop text: the engine was not asked what it counted."""
    if not reply.prompt_tokens:
        return None
    return {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "total_tokens": reply.prompt_tokens + reply.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
    }
