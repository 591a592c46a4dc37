"""Answers by http, each bounded in time and size. An httpx door.

The connection goes to the address that the rule of ``hosts`` looked at; the name stands in the Host header and in the certificate.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pipeline.errors import InputError
from pipeline.live.http.addresses import Addresses
from pipeline.live.http.hosts import Hosts
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
                request = await self._request(url, headers)
                answer = await self._client.send(request, stream=True, auth=self._auth_for(url))
                try:
                    if answer.status_code in (301, 302, 303, 307, 308) and "location" in answer.headers:
                        url = Addresses(url).whole(answer.headers["location"])
                        continue
                    self._judge(answer.status_code, ranged=bool(headers))
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
                async for piece in pieces(answer):
                    kept += piece
                    if len(kept) > most:
                        raise InputError(
                            "answer_too_large", f"the source answers with more than {most} bytes where they were to end"
                        )
                whole = answer.headers.get("content-length", "")
                if whole.isdecimal() and "content-encoding" not in answer.headers and len(kept) < int(whole):
                    raise InputError("source_lost", "the answer of the source was cut off")
                return bytes(kept), came_from
        except TimeoutError:
            raise InputError("source_silent", f"the source did not answer in whole within {WHOLE:g} s") from None

    async def close(self) -> None:
        await self._client.aclose()

    async def _request(self, url: str, headers: dict[str, str]) -> Any:
        place = await self._hosts.place(url)
        parts = urlsplit(url)
        at = f"[{place.ip}]" if ":" in place.ip else place.ip
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
    def _judge(status: int, *, ranged: bool) -> None:
        if status in (401, 403):
            raise InputError("not_authorized", "the source wants another user or password")
        if status in (404, 410):
            raise InputError("not_found", "there is no such stream at the source")
        if status not in (200, 206) or (ranged and status != 206):
            raise InputError("source_lost", f"the source answered {status}")
