"""The httpx door: one request to a server, asked again where that may help, and its answer within bounds.

    status 429, 5xx, time-out, reset    again (attempts.py)     then EndpointError
    anything else                       the answer, whole or line by line

What a server sends is never trusted: an answer has a bound in bytes, packed and unpacked, and one in time, whoever trickles.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx

from models.engines.openai import bodies
from models.engines.openai.addresses import credentials, followed, place
from models.engines.openai.attempts import Again, Attempts
from models.engines.openai.bodies import BrokenOff
from models.engines.openai.charsets import GUESS, text_of
from models.engines.openai.events import Survey, whole
from models.engines.openai.faults import AGAIN, fault, inner_status, says_no, sentence
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
    """Asks one server. ``login``: a name and a password (Basic), which stand in place of a key. ``timeout`` bounds each wait, ``whole``
    an attempt, ``patience`` scales the waits between attempts.
    ``tell_once`` warns of what holds for all of a run."""

    def __init__(
        self,
        base_url: str,
        key: str | None,
        *,
        login: tuple[str, str] | None = None,
        seats: Seats,
        timeout: httpx.Timeout,
        whole: float,
        attempts: int,
        patience: float,
        tell_once: Callable[[str], None],
    ) -> None:
        headers = {"Accept-Encoding": "identity"} | credentials(base_url, key)
        self.base_url, self.keyed = base_url, bool(key or login)
        self.attempts = Attempts(base_url, attempts, patience, seats, tell_once)
        self._seats, self._whole, self._tell_once = seats, whole, tell_once
        connections = seats.allowed + 2
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        try:
            self._http = httpx.AsyncClient(timeout=timeout, headers=headers, limits=limits, auth=login)
        except (ValueError, ImportError) as error:
            raise BadEngineOption(proxy_fault(error)) from error

    def move(self, base_url: str) -> None:
        """Ask the same server at another of its addresses from now on."""
        self.base_url = self.attempts.server = self._seats.server = base_url

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer, of whatever status but those that may pass. Raises EndpointError, RequestRefused, EngineDead (closed)."""
        return await self.attempts.tried(partial(self._answer, method, path, body), seated=body is not None)

    async def lines(self, path: str, body: Mapping[str, Any]) -> Lines | Answer:
        """The answer line by line from its first words on, as it comes; a refusal, an error in place of words, and what is no stream come
        whole. Close the lines. Raises what ``ask`` raises."""
        return await self.attempts.tried(partial(self._begun, path, body), seated=True)

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
        answer = self._judged(response, text)
        if body is not None:
            self._seats.answer()
        return answer

    async def _begun(self, path: str, body: Mapping[str, Any]) -> Lines | Answer:
        response, until = await self._once("POST", path, body)
        lines = Lines(self.base_url, response, self.pieces(response, until), partial(self.text, response=response))
        survey, streams = Survey(), False
        try:
            if response.is_success:
                await lines.begin(survey)
                streams = survey.streams
                text = survey.error if streams or survey.error else "\n".join([line async for line in lines])
            else:
                text = self.text(await self._read(response, until, LARGEST, cut=True), response)
            got = lines if streams else self._judged(response, text)
        finally:
            if not streams:
                await response.aclose()
        self._seats.answer()
        return got

    def _judged(self, response: httpx.Response, text: str) -> Answer:
        """The answer by what it says: an error that came by 200, of a router or in a stream, is one. Raises Again, BrokenOff."""
        status, told = response.status_code, str(response.extensions.get("came", response.status_code))
        if response.is_success:
            text = whole(self.base_url, text)
            if (inner := inner_status(text)) is not None:
                told = f"{told} with error {inner}" if inner else told
                status = self._meant(inner, response.headers, text) if inner in AGAIN else inner or 400
        return Answer(status=status, told=told, headers=response.headers, text=text)

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
            if isinstance(error, httpx.ProxyError) and str(error)[:4] == "407 ":  # https has no answer of a proxy, only this
                raise fault(self.base_url, path, 407, "") from error
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
            came = {"came": response.status_code}
            status = self._meant(response.status_code, response.headers, text)
            return httpx.Response(status, text=sentence(text), request=request, extensions=came), until
        return response, until

    def _meant(self, status: int, headers: Mapping[str, str], text: str) -> int:
        """What a status means of those that may pass, where this would not. Raises Again where it may."""
        said, wait = sentence(text), asked_wait(headers, text, status)
        if status == 500 and says_no(said):  # some servers say so by 500
            return 400
        if spent(status, said, wait):
            return 402
        raise self._refused_for_now(status, headers, text)

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
            again = followed(str(request.url), to) if to else None
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            if again is None:
                return request, httpx.Response(response.status_code, text=to[:200], request=request)
            request = self._http.build_request(request.method, again, content=request.content, headers=headers)
        return request, httpx.Response(response.status_code, text="itself, again and again", request=request)

    async def _read(self, response: httpx.Response, until: float, limit: int, *, cut: bool = False) -> bytes:
        """The body, unpacked; past ``limit`` it is RequestRefused, and where it breaks off BrokenOff, unless it may be ``cut``."""
        if response.is_closed:  # one of our own making
            return response.content
        found = bytearray()
        try:
            async for piece in self.pieces(response, until):
                found += piece
                if len(found) > limit and cut:
                    break
                if len(found) > limit:
                    raise RequestRefused(f"{self.base_url} answers with more than {limit / 1e6:g} MB: that is no chat completion")
        except BrokenOff:
            if not cut:
                raise
        return bytes(found[:limit])

    def pieces(self, response: httpx.Response, until: float) -> AsyncIterator[bytes]:
        """The body as it comes, unpacked (bodies.py)."""
        packed = response.headers.get("content-encoding", "identity")
        return bodies.pieces(self.base_url, self._raw(response), packed, until, self._whole)

    async def _raw(self, response: httpx.Response) -> AsyncIterator[bytes]:
        started = False
        try:
            async for data in response.aiter_raw():
                started = started or bool(data.strip())
                yield data
        except httpx.TimeoutException as error:
            why = f"stopped in the middle of its answer ({type(error).__name__})"
            raise BrokenOff(self.base_url, why, late=True, started=started) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise BrokenOff(self.base_url, f"sent half an answer: {error or type(error).__name__}") from error
