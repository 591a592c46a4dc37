"""An answer as it comes: pieces, cut at the first stop text, and at the end the reply."""

import time
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from models.base import Reply, Request
from pipeline.engine.gate import Priority

if TYPE_CHECKING:
    from pipeline.serve.service import Service


async def answer(
    service: "Service", request: Request, stops: tuple[str, ...], owner: Hashable
) -> AsyncGenerator[str | Reply, None]:
    """Pieces of text, then the Reply whose text they make. Closing it takes the request out of the engine.

    Raises HttpError 429 and 503, and what Engine.stream raises.
    """
    began, first = time.monotonic(), True
    async with service.asking():
        stop = _Stop(stops)
        pieces = service.studio.engine.stream(request, priority=Priority.QUESTION, owner=owner)
        async with aclosing(pieces) as stream:  # type: ignore[type-var]
            count = 0
            async for piece in stream:
                if isinstance(piece, Reply):
                    if rest := stop.rest():
                        yield rest
                    service.counters.answered(piece.prompt_tokens, piece.cached_tokens, piece.completion_tokens)
                    yield replace(piece, text=stop.given)
                    return
                if first:
                    first = False
                    service.counters.first_token(time.monotonic() - began)
                count += 1
                if text := stop.feed(piece):
                    yield text
                if stop.found:
                    break
        # pieces are tokens, nearly: the engine is not asked what it would have counted
        service.counters.answered(0, 0, count)
        yield Reply(text=stop.given, finish="stop", prompt_tokens=0, completion_tokens=count)


class _Stop:
    """Text goes through as soon as it can't be the beginning of a stop any more."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = stops
        self._held = ""
        self.given = ""
        self.found = False

    def feed(self, text: str) -> str:
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.found = True
            self._held = self._held[: min(places)]
            return self.rest()
        keep = max((n for stop in self._stops for n in range(1, len(stop)) if self._held.endswith(stop[:n])), default=0)
        return self._give(len(self._held) - keep)

    def rest(self) -> str:
        """What was held back, at the end."""
        return self._give(len(self._held))

    def _give(self, count: int) -> str:
        text, self._held = self._held[:count], self._held[count:]
        self.given += text
        return text
