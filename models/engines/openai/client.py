"""The httpx door: one request to a server, asked again where that may help, and its answer within bounds.

    status 429, 5xx, time-out, reset    again (attempts.py)     then EndpointError
    anything else                       the answer, whole or line by line

What a server sends is never trusted: an answer has a bound in bytes, packed and unpacked, and one in time, whoever trickles.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx

from models.engines.openai.addresses import credentials, followed, place
from models.engines.openai.attempts import Again, Attempts
from models.engines.openai.charsets import GUESS, text_of
from models.engines.openai.faults import fault, inner_status, says_no, sentence
from models.engines.openai.lines import LARGEST, Lines
from models.engines.openai.seats import Seats
from models.engines.openai.waits import asked_wait, perhaps_spent, spent
from models.errors import BadEngineOption, EngineDead, RequestRefused
from models.proxies import proxy_fault

ATTEMPTS = 6
Timeout = httpx.Timeout
TIMEOUT = Timeout(180.0, connect=10.0)
"""seconds; 180 between two bytes: a server with a queue keeps a request that long"""
WHOLE = 900.0
"""seconds that one attempt may take from its first byte to its last"""
LONGEST_ERROR = 65_536
"""bytes that are looked at of an error that may pass"""
_Got = TypeVar("_Got")
REDIRECTIONS = 4
ELSEWHERE = {301, 302, 303, 307, 308}
log = logging.getLogger("models.engines.openai.endpoint")
AGAIN = {408, 425, 429, *range(500, 600)} - {501, 505, 506, 510, 511}
"""statuses that may pass: all of a server's own (those of proxies too, 520 to 530), but for what it can't do at all"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    status: int
    """what it means: 400 for a refusal that came by 200 or 500"""
    told: str
    """what came"""
    headers: Mapping[str, str]
    text: str


class Client:
    """Asks one server. ``timeout`` bounds each wait, ``whole`` an attempt, ``patience`` scales the waits between attempts.
    ``tell_once`` warns of what holds for all of a run."""

    def __init__(
        self,
        base_url: str,
        key: str | None,
        *,
        seats: Seats,
        timeout: httpx.Timeout,
        whole: float,
        attempts: int,
        patience: float,
        tell_once: Callable[[str], None],
    ) -> None:
        headers = {"Accept-Encoding": "identity"} | credentials(base_url, key)
        self.base_url = base_url
        self.attempts = Attempts(base_url, attempts, patience, seats, tell_once)
        self._seats, self._whole, self._tell_once = seats, whole, tell_once
        connections = seats.allowed + 2
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        try:
            self._http = httpx.AsyncClient(timeout=timeout, headers=headers, limits=limits)
        except (ValueError, ImportError) as error:
            raise BadEngineOption(proxy_fault(error)) from error

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer, of whatever status but those that may pass. Raises EndpointError, RequestRefused, EngineDead (closed)."""
        return await self.attempts.tried(partial(self._answer, method, path, body), seated=body is not None)

    async def lines(self, path: str, body: Mapping[str, Any]) -> Lines | Answer:
        """The answer line by line as it comes; a refusal comes whole. Close the lines. Raises what ``ask`` raises."""
        response, until = await self.attempts.tried(partial(self._once, "POST", path, body), seated=True)
        if response.is_success:
            return Lines(self.base_url, response, self.pieces(response, until), partial(self.text, response=response))
        try:
            text = self.text(await self._read(response, until, LARGEST, cut=True), response)
        finally:
            await response.aclose()
        return _whole(response, text)

    def text(self, data: bytes, response: httpx.Response) -> str:
        """Of an answer or a line of it; a guess is told once."""
        found, guessed = text_of(data, response.headers)
        if guessed:
            self._tell_once(
                f"{self.base_url} answers in characters that are not UTF-8 and does not name them: they are read as {GUESS}"
            )
        return found

    async def close(self) -> None:
        await self._http.aclose()

    async def _answer(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        response, until = await self._once(method, path, body)
        try:
            text = self.text(
                await self._read(response, until, LARGEST, cut=response.is_error), response
            )  # some echo all pictures
        finally:
            await response.aclose()
        if response.is_success and (status := inner_status(text)) is not None:  # said by 200: routers, of a server behind them
            if status in AGAIN:
                raise self._refused_for_now(status, response.headers, text)
            told = f"{response.status_code} with error {status}" if status else str(response.status_code)
            return Answer(status=status or 400, told=told, headers=response.headers, text=text)
        return _whole(response, text)

    async def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[httpx.Response, float]:
        """A response whose body is still to be read, and when it must have been read."""
        if self._http.is_closed:
            raise EngineDead("the engine is not running: start it first")
        until = time.monotonic() + self._whole
        try:
            request = self._http.build_request(method, place(self.base_url, path), json=body)
            async with asyncio.timeout(self._whole):
                request, response = await self._sent(request)
        except TimeoutError:
            raise Again(f"does not answer within {self._whole:g} s") from None
        except httpx.TimeoutException as error:
            late = isinstance(error, httpx.ReadTimeout) and body is not None
            raise Again(f"does not answer in time ({type(error).__name__})", late=late) from error
        except httpx.TransportError as error:
            raise Again(f"can't be reached: {error or type(error).__name__}") from error
        except httpx.InvalidURL as error:
            raise BadEngineOption(f"--base-url {self.base_url} is no address: {error}") from error
        if response.status_code in AGAIN:
            try:
                text = self.text(await self._read(response, until, LONGEST_ERROR, cut=True), response)
            except RequestRefused:
                text = ""
            finally:
                await response.aclose()
            said, wait = sentence(text), asked_wait(response.headers, text, response.status_code)
            if response.status_code == 500 and says_no(said):  # some servers say so by 500: it would not pass
                return httpx.Response(400, text=said, request=request, extensions={"came": 500}), until
            if spent(response.status_code, said, wait):  # nor would this, today
                return httpx.Response(402, text=said, request=request, extensions={"came": 429}), until
            raise self._refused_for_now(response.status_code, response.headers, text)
        if body is not None:
            self._seats.answer()
        return response, until

    def _refused_for_now(self, status: int, headers: Mapping[str, str], text: str) -> Again:
        said, wait = sentence(text), asked_wait(headers, text, status)
        # money that was there a minute ago is not what is used up
        quota = perhaps_spent(status, said, wait) and not self._seats.answered
        ends_as = fault(self.base_url, "", 402, text, str(status)) if quota else None
        return Again(f"answers {status} {said}".rstrip(), seconds=wait, status=status, ends_as=ends_as)

    async def _sent(self, request: httpx.Request) -> tuple[httpx.Request, httpx.Response]:
        """The request as it was answered and its response: a redirection to itself (a slash, https) is followed, no other."""
        for _ in range(REDIRECTIONS):
            response = await self._http.send(request, stream=True)
            if response.status_code not in ELSEWHERE:
                return request, response
            await response.aclose()
            to = response.headers.get("location", "")
            again = followed(str(request.url), to)
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            if again is None:
                return request, httpx.Response(response.status_code, text=to[:200], request=request)
            request = self._http.build_request(request.method, again, content=request.content, headers=headers)
        return request, httpx.Response(response.status_code, text="itself, again and again", request=request)

    async def _read(self, response: httpx.Response, until: float, limit: int, *, cut: bool = False) -> bytes:
        """The body, unpacked; past ``limit`` it is cut, or RequestRefused."""
        if response.is_closed:  # one of our own making
            return response.content
        found = bytearray()
        async for piece in self.pieces(response, until):
            found += piece
            if len(found) > limit:
                if cut:
                    break
                raise RequestRefused(f"{self.base_url} answers with more than {limit / 1e6:g} MB: that is no chat completion")
        return bytes(found[:limit])

    async def pieces(self, response: httpx.Response, until: float) -> AsyncIterator[bytes]:
        """The body as it comes, unpacked, none larger than LARGEST. Raises RequestRefused: late, broken off, or packed in other ways."""
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed in ("gzip", "x-gzip", "deflate") else None
        if unpack is None and packed not in ("identity", ""):
            raise RequestRefused(f"{self.base_url} answers packed by '{packed[:20]}', which it was not asked for")
        raw = response.aiter_raw()
        try:
            while True:
                async with asyncio.timeout(max(0.0, until - time.monotonic())):
                    data = await anext(raw, None)
                if data is None:
                    return
                piece = unpack.decompress(data, LARGEST + 1) if unpack else data
                if len(piece) > LARGEST or (unpack and unpack.unconsumed_tail):
                    raise RequestRefused(f"{self.base_url} answers with more than {LARGEST / 1e6:g} MB once unpacked")
                yield piece
        except TimeoutError:
            raise RequestRefused(f"{self.base_url} takes more than {self._whole:g} s for one answer: it was given up") from None
        except httpx.TimeoutException as error:
            raise RequestRefused(f"{self.base_url} stopped in the middle of its answer ({type(error).__name__})") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise RequestRefused(f"{self.base_url} sent half an answer: {error or type(error).__name__}") from error
        except zlib.error as error:
            raise RequestRefused(f"{self.base_url} sent an answer that can't be unpacked: {error}") from error


def _whole(response: httpx.Response, text: str) -> Answer:
    told = str(response.extensions.get("came", response.status_code))
    return Answer(status=response.status_code, told=told, headers=response.headers, text=text)
