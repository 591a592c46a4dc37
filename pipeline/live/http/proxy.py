"""A proxy on this machine for ffmpeg, which fetches what an MPD names: only where the rule of ``hosts`` lets it.

One request a connection: a second one on it could name another host; MOST bytes of an answer: ffmpeg keeps an MPD whole.

What is not there is asked for again for YET seconds: of segments that are counted, ffmpeg asks for the one that is being made, and what it
does not get it leaves out, one after the other, hours ahead within seconds. In a tunnel (https) nobody sees what is not there.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pipeline.errors import InputError
from pipeline.live.http.fetch import SEGMENT
from pipeline.live.http.hosts import Hosts, Place

HEAD = 1 << 14
PIECE = 1 << 16
MOST = SEGMENT
"""bytes that come back on one connection"""
YET, AGAIN = 8.0, 0.25
"""seconds in which a segment that is not there may still come, and between two looks"""
PATIENCE = 15.0
"""seconds for a request's head, and for a connection"""


class Proxy:
    """``async with Proxy(hosts) as proxy: proxy.address``"""

    def __init__(self, hosts: Hosts, first: str = "") -> None:
        """``first``: the address of the MPD, which is there or not."""
        self._hosts, self._first = hosts, first
        self._server: asyncio.Server | None = None
        self._going: set[asyncio.Task[None]] = set()
        self.refused = ""
        """why the last request was not passed on"""
        self.too_large = ""
        """why an answer was not passed on to its end"""

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0, limit=HEAD)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="proxy")
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, *_ = head.split(" ", 2)
                place = await self._hosts.place(f"https://{target}" if method == "CONNECT" else target)
                far_reader, far_writer = await self._connected(place)
        except InputError as error:
            self.refused = error.message
            await _answer(writer, "403 Forbidden")
            return
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _answer(writer, "502 Bad Gateway")
            return
        if method == "CONNECT":
            async with _closing(far_writer):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pass(reader, far_writer), self._pass_back(far_reader, writer))
            return
        until = time.monotonic() + (0.0 if target == self._first else YET)
        asked = _asked_of_the_host(head, target)
        while not await self._passed_back(asked, far_reader, far_writer, writer, last=time.monotonic() >= until):
            await asyncio.sleep(AGAIN)
            try:
                far_reader, far_writer = await self._connected(place)
            except OSError:
                await _answer(writer, "502 Bad Gateway")
                return

    async def _connected(self, place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the first of a host's addresses at which somebody is. Raises OSError."""

        async def connect(ip: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            async with asyncio.timeout(PATIENCE / len(place.ips)):
                return await asyncio.open_connection(ip, place.port)

        return await self._hosts.reached(place, connect, (OSError,))  # a time that is over is one too

    async def _passed_back(
        self,
        asked: bytes,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        *,
        last: bool,
    ) -> bool:
        """Whether there was an answer for who asked: always where it is the ``last`` try, else where it is not that nothing is there."""
        async with _closing(far_writer):
            far_writer.write(asked)
            begun = await _first_line(far_reader)
            if not last and b" 404" in begun[:16]:
                return False
            writer.write(begun)
            await self._pass_back(far_reader, writer)
            return True

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await _pass(reader, writer, MOST):
            self.too_large = f"the source answers with more than {MOST} bytes where they were to end"
            writer.transport.abort()


def _asked_of_the_host(head: str, target: str) -> bytes:
    """The request as the host itself is asked: without its own address in the first line, and the last on its connection."""
    first, *rows = head.rstrip("\r\n").split("\r\n")
    path = "/" + target.partition("://")[2].partition("/")[2]
    kept = [row for row in rows if not row.lower().startswith(("proxy-", "connection:"))]
    return "\r\n".join([first.replace(target, path, 1), *kept, "Connection: close", "", ""]).encode("latin-1")


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    """What an answer begins with; less where it breaks off, more where it has no lines."""
    with suppress(OSError, ValueError):
        return await reader.readline()
    return b""


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None) -> bool:
    """Whether all of it was passed on: not more than ``most`` bytes, where that is given."""
    passed = 0
    with suppress(OSError, asyncio.IncompleteReadError):
        while piece := await reader.read(PIECE):
            passed += len(piece)
            if most is not None and passed > most:
                return False
            writer.write(piece)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
    return True


async def _answer(writer: asyncio.StreamWriter, status: str) -> None:
    with suppress(OSError):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
