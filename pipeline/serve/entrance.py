"""What is asked before the service is loaded and when it ends: never answered as if something had gone wrong.

before   a sign of life is given at once, all else is told to come again in a moment: the application, its routes and its schema take
         longer to import than an orchestrator likes to wait for /healthz
at last  who still waits for the first byte when the server gives up waiting is told to come again (503); an answer that had begun
         is cut off, which its reader sees: it lacks its last piece
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_ALIVE = b'{"alive":true}'


def _body(told: dict[str, str]) -> bytes:
    return json.dumps({"error": {**told, "type": "server_error", "param": None}}).encode()


_STARTING = _body({"message": "the service is starting; come again in a second", "code": "starting"})
_STOPPING = _body({"message": "the service is being stopped; come again when it is back", "code": "stopping"})


class Entrance:
    """The ASGI application that the server is given. ``application``: who answers as soon as it is there."""

    def __init__(self) -> None:
        self.application: Application | None = None
        self.leaving = False
        """the server ends: what is cancelled now was not done in time"""
        self.turned_away = self.cut_off = 0
        """requests that waited for their first byte then, and answers that had begun"""
        self._open: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.application is None:
            if scope["type"] == "http":
                await self._before(scope, send)
            return
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._answered(self.application, scope, receive, send)
        finally:
            self._open.discard(task)

    async def emptied(self, patience: float) -> None:
        """Until all that was asked has been answered or cut off, or so many seconds."""
        if self._open:
            await asyncio.wait(self._open, timeout=patience)

    async def _answered(self, application: Application, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await application(scope, receive, sent)
        except asyncio.CancelledError:
            if not self.leaving:
                raise
            if begun:
                self.cut_off += 1
            else:
                self.turned_away += 1
                await _say(send, 503, _STOPPING, [(b"retry-after", b"5"), (b"connection", b"close")])

    async def _before(self, scope: Scope, send: Send) -> None:
        whole = scope["method"] != "HEAD"
        if scope["path"] == "/healthz" and scope["method"] in ("GET", "HEAD"):
            await _say(send, 200, _ALIVE, [], whole)
        else:
            # its body is not read
            await _say(send, 503, _STARTING, [(b"retry-after", b"1"), (b"connection", b"close")], whole)


async def _say(send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]], whole: bool = True) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if whole else b""})
