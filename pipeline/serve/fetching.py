"""Films that stand at an address: fetched from hosts that --allow-url names, and from no other, over TLS. THE httpcore door of the service.

A name is resolved once, each of its addresses has to be public, and exactly that one is connected to: a name that means another
address a moment later (DNS rebinding) gains nothing. The same is asked of each redirect. Bytes are counted while they are written.

Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import asyncio
import ssl
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from pipeline.imagesources.connecting import Refused, public_addresses
from pipeline.numerals import whole
from pipeline.serve.faults import HttpError
from pipeline.serve.uploads import Incoming, Received

SECONDS = 3600.0
"""for a whole film"""
BETWEEN = 30.0
"""seconds without a byte"""
REDIRECTS = 3
TOGETHER = 2
"""films fetched at once"""


class Fetching:
    """One service's. ``trusted``: whose certificates count, the system's where it is None. Methods belong to one event loop."""

    def __init__(self, hosts: Collection[str], *, most: int, trusted: ssl.SSLContext | None = None) -> None:
        self._hosts, self._most, self._trusted = frozenset(host.lower() for host in hosts), most, trusted
        self._turns = asyncio.Semaphore(TOGETHER)

    async def fetch(self, url: str, place: Path) -> Received:
        """The film at an address, in a folder below ``place``.

        Raises HttpError 400 ``urls_off``, ``url_refused``, 413, 429, 502 ``url_failed``, 507; OutputError.
        """
        if not self._hosts:
            raise HttpError(400, "urls_off", "this service fetches no addresses; start it with --allow-url HOST", param="url")
        if self._turns.locked():
            raise HttpError(429, "too_many_fetches", f"{TOGETHER} films are being fetched; come again later", retry_after=30)
        async with self._turns:
            try:
                async with asyncio.timeout(SECONDS):
                    return await self._fetch(url, place)
            except TimeoutError:
                raise HttpError(502, "url_failed", f"the film did not come whole within {SECONDS:.0f} s", param="url") from None

    async def _fetch(self, url: str, place: Path) -> Received:
        import httpcore

        waits = dict.fromkeys(("connect", "read", "write", "pool"), BETWEEN)
        headers: dict[bytes | str, bytes | str] = {
            "User-Agent": "scenescribe",
            "Accept": "video/*,*/*;q=0.5",
            "Accept-Encoding": "identity",
        }
        context = self._trusted or ssl.create_default_context()
        try:
            async with httpcore.AsyncConnectionPool(ssl_context=context, network_backend=_pinned()) as pool:
                for _ in range(REDIRECTS + 1):
                    self._check(url)
                    async with pool.stream("GET", url, headers=headers, extensions={"timeout": waits}) as answer:
                        told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                        if answer.status in (301, 302, 303, 307, 308) and "location" in told:
                            url = urljoin(url, told["location"])
                            continue
                        return await self._taken(answer, told, url, place)
        except Refused:
            raise HttpError(400, "url_refused", "its host has an address that is not public", param="url") from None
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise HttpError(
                502, "url_failed", f"it can't be fetched: {str(error) or type(error).__name__}", param="url"
            ) from None
        except (httpcore.UnsupportedProtocol, ValueError) as error:
            raise HttpError(400, "url_refused", f"this is no address: {error}", param="url") from None
        raise HttpError(502, "url_failed", f"more than {REDIRECTS} redirects", param="url")

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise HttpError(400, "url_refused", "this is no address", param="url") from None
        if parts.scheme != "https" or parts.username is not None or not url.isascii():
            raise HttpError(400, "url_refused", "an address begins with https://, without a name and a password", param="url")
        named = host if port in (None, 443) else f"{host}:{port}"
        if named not in self._hosts:
            raise HttpError(400, "url_refused", f"films are not fetched from {named[:80]!r}; see --allow-url", param="url")

    async def _taken(self, answer: Any, told: dict[str, str], url: str, place: Path) -> Received:
        if answer.status != 200:
            raise HttpError(502, "url_failed", f"the server answered {answer.status}", param="url")
        if told.get("content-encoding", "identity") != "identity":
            raise HttpError(502, "url_failed", "the server sent it packed, though it was asked not to", param="url")
        length = whole(told.get("content-length", ""))
        if length is not None and length > self._most:
            raise HttpError(413, "too_large", f"{length:,} bytes are more than the {self._most:,} of --max-upload", param="url")
        with Incoming(place, unquote(urlsplit(url).path), most=self._most) as incoming:
            async for piece in answer.aiter_stream():
                await incoming.write(piece)
            return await incoming.finish()


def _pinned() -> Any:
    import httpcore

    class Pinned(httpcore.AnyIOBackend):
        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
            local_address: str | None = None,
            socket_options: Any = None,
        ) -> httpcore.AsyncNetworkStream:
            last: Exception | None = None
            for address in await asyncio.to_thread(public_addresses, host, port, frozenset[str]()):
                try:
                    return await super().connect_tcp(address, port, timeout, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    last = error
            raise last or httpcore.ConnectError(f"{host} has no address")

    return Pinned()
