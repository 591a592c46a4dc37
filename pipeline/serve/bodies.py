"""JSON bodies, looked at before they are taken apart: whole characters, and no deeper than anybody means.

JSON can say half a character (``\\ud800``), which no database, tokenizer or answer takes; and what is nested a thousand times is
read by code that calls itself as often.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

DEEPEST = 64
"""brackets in brackets"""


def checked(value: Any) -> Any:
    """The value. Raises ValueError, with what is wrong."""
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                if not one.isascii():
                    _whole(one)
            elif isinstance(one, dict):
                below += one.keys()
                below += one.values()
            elif isinstance(one, list):
                below += one
        if not below:
            return value
        level = below
    raise ValueError(f"more than {DEEPEST} brackets stand in each other")


def _whole(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text has half a character in it (a surrogate without its other half)") from None


class CheckedRequest(Request):
    """A request whose JSON went through ``checked``."""

    async def json(self) -> Any:
        """Raises HTTPException 400, and json.JSONDecodeError."""
        value = await super().json()
        try:
            return checked(value)
        except ValueError as error:
            raise HTTPException(400, f"the body: {error}") from None


class CheckedRoute(APIRoute):
    """The class of routes that take JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def looked_at(request: Request) -> Response:
            return await handler(CheckedRequest(request.scope, request.receive))

        return looked_at
