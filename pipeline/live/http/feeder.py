"""A source by http: what comes decides whether it is a playlist, whose segments are fetched, or the stream itself."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import InputError
from pipeline.live.http.fetch import PLAYLIST, WHOLE, Fetch
from pipeline.live.http.hls import Hls, Place
from pipeline.live.http.hosts import Hosts
from pipeline.live.http.unpack import pieces
from pipeline.live.pipes import write_all
from pipeline.live.verdict import Verdict

UNKNOWN = 20.0
"""seconds that an answer may be quiet before it is known what it is"""
TRIES = 3


@dataclass(slots=True)
class Memory:
    """What the next connection of the same source goes on from."""

    place: Place = field(default_factory=Place)


class Web:
    """Writes a source that is asked for by http into a pipe."""

    def __init__(self, url: str, allowed: tuple[str, ...], memory: Any) -> None:
        """``memory``: that of the connection before, or None."""
        self._url, self._allowed = url, allowed
        self.memory: Memory = memory if isinstance(memory, Memory) else Memory()
        self._hls: Hls | None = None
        self._hold = UNKNOWN

    @property
    def hold(self) -> float:
        return self._hls.hold if self._hls is not None else self._hold

    def taken_at(self, raw: float) -> tuple[float, object] | None:
        return self._hls.taken_at(raw) if self._hls is not None else None

    async def run(self, fd: int) -> Verdict:
        """Until the source ends or is lost. Raises InputError, BrokenPipeError."""
        fetch = Fetch(Hosts(self._url, self._allowed), self._url)
        try:
            for tries in range(TRIES):
                try:
                    return await self._once(fetch, fd)
                except InputError as error:
                    # a server that is busy is asked again at once; what it says for good is not
                    if error.code != "source_lost" or tries + 1 == TRIES or self._hls is not None:
                        raise
                    await asyncio.sleep(0.5)
            raise AssertionError("unreachable")
        finally:
            await fetch.close()

    async def _once(self, fetch: Fetch, fd: int) -> Verdict:
        came_from, text = "", b""
        try:
            async with asyncio.timeout(WHOLE) as bound, fetch.answer(self._url) as (answer, came_from):
                body = pieces(answer)
                head = bytearray()
                async for piece in body:
                    head += piece
                    if len(head) >= 7:
                        break
                if not bytes(head[:16]).removeprefix(b"\xef\xbb\xbf").startswith(b"#EXTM3U"):
                    bound.reschedule(None)  # the stream itself has no end
                    self._hold = 0.0
                    await write_all(fd, bytes(head))
                    async for piece in body:
                        await write_all(fd, piece)
                    if "content-length" in answer.headers:
                        return Verdict("over", "the answer has ended")
                    return Verdict("source_lost", "the source closed the connection")
                async for piece in body:
                    head += piece
                    if len(head) > PLAYLIST:
                        raise InputError("bad_playlist", f"the playlist has more than {PLAYLIST} bytes")
                text = bytes(head)
        except TimeoutError:
            raise InputError("source_silent", f"the source did not answer in whole within {WHOLE:g} s") from None
        self._hls = Hls(fetch, self.memory.place)
        return await self._hls.run(came_from, text.decode("utf-8", "replace"), fd)
