"""An answer that comes line by line, as server-sent events do."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol

from models.engines.openai.sse import Cutter
from models.errors import RequestRefused

LARGEST = 4_000_000
"""bytes of one answer, unpacked: a thousand times what a caption has, and a long list of models"""


class Response(Protocol):
    """As much of an answer as is needed here."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def aclose(self) -> Awaitable[None]: ...


class Looked(Protocol):
    """Who looks at the first lines (events.Survey)."""

    def look(self, line: str) -> None: ...

    def end(self) -> None: ...

    @property
    def known(self) -> bool: ...


class Lines:
    """The lines of an answer, as an asynchronous iterator; ``headers`` are the answer's."""

    def __init__(self, server: str, response: Response, pieces: AsyncIterator[bytes], text: Callable[[bytes], str]) -> None:
        self._server, self._response, self._pieces, self._text = server, response, pieces, text
        self.headers = response.headers
        self._seen: list[str] = []
        self._rest = self._read()

    async def begin(self, survey: Looked) -> None:
        """Read until the survey knows what they are; they are given again. Raises what the iterator raises."""
        while not survey.known:
            if (line := await anext(self._rest, None)) is None:
                survey.end()
                break
            self._seen.append(line)
            survey.look(line)

    async def __aiter__(self) -> AsyncIterator[str]:
        """Raises RequestRefused past LARGEST bytes in all, and what the pieces raise."""
        seen, self._seen = self._seen, []
        for line in seen:
            yield line
        async for line in self._rest:
            yield line

    async def _read(self) -> AsyncIterator[str]:
        total, cutter = 0, Cutter()
        async for piece in self._pieces:
            total += len(piece)
            if total > LARGEST:
                raise RequestRefused(f"{self._server} answers with more than {LARGEST / 1e6:g} MB: it was given up")
            for line in cutter.lines(piece):
                yield self._text(line)
        if rest := cutter.rest():
            yield self._text(rest)

    async def close(self) -> None:
        await self._response.aclose()
