"""Answers by http, each bounded in time and size. An httpx door.

The connection goes to the address that the rule of ``hosts`` looked at; the name stands in the Host header and in the certificate.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pipeline.errors import InputError
from pipeline.live.http.addresses import Addresses
from pipeline.live.http.hosts import Hosts, Place
from pipeline.live.http.unpack import pieces

SILENT = 10.0
"""seconds between two bytes"""
WHOLE = 60.0
"""seconds for one answer that has an end"""
REDIRECTS = 3
PLAYLIST, SEGMENT, KEY = 1 << 22, 1 << 28, 1 << 10
"""bytes of one, at most"""

_WORDS = {
    "ConnectError": "no connection could be made", "ReadError": "the connection broke", "WriteError": "the connection broke",
    "RemoteProtocolError": "it closed the connection, or speaks no HTTP",
}  # fmt: skip
"""httpx's errors in our words: what it says itself may hold the address"""


class Fetch:
    """Asks for what one source's addresses name; ``close`` at the end."""

    def __init__(self, hosts: Hosts, url: str) -> None:
        import httpx

        from pipeline import __version__

        parts = urlsplit(url)
        self._hosts = hosts
        self._auth = (parts.username or "", parts.password or "") if parts.username or parts.password else None
        self._first = (parts.hostname, parts.port)
        self._client = httpx.AsyncClient(
            timeout=SILENT, follow_redirects=False, trust_env=False,
            headers={"User-Agent": f"scenescribe/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
        )  # fmt: skip

    @asynccontextmanager
    async def answer(self, url: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[tuple[Any, str]]:
        """The answer, its body unread, and the address that it came from after redirects.

        Raises InputError: ``host_refused``, ``not_authorized``, ``not_found``, ``source_lost``, ``source_silent``.
        """
        import httpx

        headers = (
            {} if not offset and length is None else {"Range": f"bytes={offset}-{'' if length is None else offset + length - 1}"}
        )
        try:
            for _ in range(REDIRECTS + 1):
                answer = await self._send(url, headers)
                try:
                    if answer.status_code in (301, 302, 303, 307, 308) and "location" in answer.headers:
                        url = Addresses(url).whole(answer.headers["location"])
                        continue
                    self._judge(answer.status_code)
                    yield answer, url
                    return
                finally:
                    await answer.aclose()
            raise InputError("source_lost", f"the source sends on from address to address, more than {REDIRECTS} times")
        except httpx.TimeoutException:
            raise InputError("source_silent", "the source did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise InputError(
                "source_lost", f"the source did not answer: {_WORDS.get(type(error).__name__, type(error).__name__.lower())}"
            ) from None

    async def whole(self, url: str, most: int, *, offset: int = 0, length: int | None = None) -> tuple[bytes, str]:
        """All bytes of an answer, and where it came from. Raises InputError as ``answer`` does, ``answer_too_large``, ``bad_answer``."""
        kept = bytearray()
        try:
            async with asyncio.timeout(WHOLE), self.answer(url, offset=offset, length=length) as (answer, came_from):
                body, whole = pieces(answer), _length(answer)
                if length is not None and answer.status_code == 200:
                    body, whole = _part(body, offset, length), length
                async for piece in body:
                    kept += piece
                    if len(kept) > most:
                        raise InputError(
                            "answer_too_large", f"the source answers with more than {most} bytes where they were to end"
                        )
                if len(kept) < whole:
                    raise InputError("source_lost", "the answer of the source was cut off")
                return bytes(kept), came_from
        except TimeoutError:
            raise InputError("source_silent", f"the source did not answer in whole within {WHOLE:g} s") from None

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, url: str, headers: dict[str, str]) -> Any:
        """The answer of the first of the host's addresses at which somebody is."""
        import httpx

        place = await self._hosts.place(url)

        def ask(ip: str) -> Awaitable[Any]:
            return self._client.send(self._request(url, place, ip, headers), stream=True, auth=self._auth_for(url))

        return await self._hosts.reached(place, ask, (httpx.ConnectError, httpx.ConnectTimeout))

    def _request(self, url: str, place: Place, ip: str, headers: dict[str, str]) -> Any:
        parts = urlsplit(url)
        at = f"[{ip}]" if ":" in ip else ip
        address = urlunsplit((place.scheme, f"{at}:{place.port}", parts.path or "/", parts.query, ""))
        shown = f"[{place.host}]" if ":" in place.host else place.host
        named = shown if parts.port is None else f"{shown}:{place.port}"
        return self._client.build_request(
            "GET", address, headers={**headers, "Host": named}, extensions={"sni_hostname": place.host}
        )

    def _auth_for(self, url: str) -> tuple[str, str] | None:
        """A password goes to the host that it was given for, and to no other."""
        parts = urlsplit(url)
        return self._auth if (parts.hostname, parts.port) == self._first else None

    @staticmethod
    def _judge(status: int) -> None:
        if status in (401, 403):
            raise InputError("not_authorized", "the source wants another user or password")
        if status in (404, 410):
            raise InputError("not_found", "there is no such stream at the source")
        if status not in (200, 206):
            raise InputError("source_lost", f"the source answered {status}")


def _length(answer: Any) -> int:
    """Bytes that an answer must have, as far as it tells."""
    told = answer.headers.get("content-length", "")
    return int(told) if told.isdecimal() and "content-encoding" not in answer.headers else 0


async def _part(body: AsyncIterator[bytes], offset: int, length: int) -> AsyncIterator[bytes]:
    """The bytes that were asked for, of an answer that is all there is: a server need not know ranges (RFC 9110 14.2).

    Raises InputError ``answer_too_large`` where that would be fetched once more for each segment.
    """
    if offset > SEGMENT:
        raise InputError("answer_too_large", f"the source knows no ranges of bytes, and this one begins after {offset} of them")
    at = 0
    async for piece in body:
        yield piece[max(0, offset - at) : max(0, offset + length - at)]
        at += len(piece)
        if at >= offset + length:
            return
