"""What is asked before the service is loaded: a sign of life is given at once, all else is told to come again in a moment.

The application, its routes and its schema take longer to import than an orchestrator likes to wait for /healthz.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_ALIVE = b'{"alive":true}'
_STARTING = json.dumps({
    "error": {"message": "the service is starting; come again in a second", "type": "server_error", "code": "starting", "param": None}
}).encode()  # fmt: skip


class Entrance:
    """The ASGI application that the server is given. ``application``: who answers as soon as it is there."""

    def __init__(self) -> None:
        self.application: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.application is not None:
            await self.application(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        alive = scope["path"] == "/healthz" and scope["method"] in ("GET", "HEAD")
        body = _ALIVE if alive else _STARTING
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if not alive:
            headers += [(b"retry-after", b"1"), (b"connection", b"close")]  # its body is not read
        await send({"type": "http.response.start", "status": 200 if alive else 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
