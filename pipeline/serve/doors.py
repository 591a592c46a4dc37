"""What every request passes before a route sees it: host, origin, key, size. An ASGI middleware around the whole application.

Host    an address, localhost, this machine's name or --allow-host        a page elsewhere can't rebind its name to us
Origin  our own, or --allow-origin, where something is changed            a page elsewhere can't send forms to us
key     Authorization: Bearer KEY, or the page's cookie                   for all but /healthz and the sign-in page
size    Content-Length before the first byte is read, then counted        each path has its bound
"""

import asyncio
import json
import math
import time
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException

from pipeline.numerals import whole
from pipeline.serve.entrance import Application, Message, Receive, Scope, Send
from pipeline.serve.faults import HttpError, body_of, headers_of
from pipeline.serve.key import COOKIE, Key
from pipeline.watch.hosts import is_called_right, name_in

OPEN = frozenset({"/healthz", "/signin", "/page/signin.js", "/page/page.css", "/page/icon.svg"})
"""paths that need no key: a sign of life, and the page that asks for the key"""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SMALL, CHAT, HOOK, SIGN_IN = 1_000_000, 32_000_000, 4_000_000, 16_384
"""bytes of a body: of JSON, of a question with pictures in it, of what a media server sends (Plex adds a poster), of a key"""
IDLE = 60.0
"""seconds without a byte of a body after which it is given up"""
SLOWEST = 50_000
"""bytes a second, after IDLE, that a body other than a film comes at: a byte a minute would hold its connection for a year"""
SECURE = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # no-referrer would make browsers send our own forms with Origin: null
    "cross-origin-resource-policy": "same-origin",
}


class Doors:
    """The middleware."""

    def __init__(self, app: Application, *, key: Key, hosts: Collection[str], origins: Collection[str], most_upload: int) -> None:
        self._app, self._key, self._most_upload = app, key, most_upload
        self._hosts = {host.lower() for host in hosts}
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        secured = _secured(send)
        try:
            self._check_host(headers)
            self._check_origin(scope, headers)
            self._check_key(scope, headers)
            most, seconds = self._most(scope)
            _check_whole(scope, headers)
            _check_length(headers, most)
        except HttpError as error:
            if error.status == 401 and _wants_page(scope, headers):
                await _redirect(secured, "/signin")
            else:
                await _answer(secured, error)
            return
        await self._app(scope, _counted(receive, most, seconds), secured)

    def _check_host(self, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        if is_called_right(host, self._hosts):
            return
        raise HttpError(
            421, "host_not_allowed", f"this service is not called {name_in(host)[:80]!r}; start it with --allow-host, if it is"
        )

    def _check_origin(self, scope: Scope, headers: dict[str, str]) -> None:
        origin = headers.get("origin")
        if scope["method"] in SAFE or origin is None or origin.lower() in self._origins:
            return
        if not _place_of(origin) or _place_of(origin) != headers.get("host", "").lower():
            raise HttpError(403, "origin_not_allowed", f"a page of {origin[:80]!r} may not send here; see --allow-origin")

    def _check_key(self, scope: Scope, headers: dict[str, str]) -> None:
        if scope["path"] in OPEN:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._key.opens(given.strip()):
            return
        if self._key.is_session(_cookie(headers)):
            return
        if scope["path"].startswith("/hooks/"):
            given = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
            if self._key.is_hook(given):
                return
        raise HttpError(401, "bad_key", "send the service's key: Authorization: Bearer KEY (it stands in its key file)")

    def _most(self, scope: Scope) -> tuple[int, float]:
        """Bytes of a body, and seconds in which all of it comes."""
        path = scope["path"]
        if path == "/v1/files" or path.startswith("/v1/files/") or path == "/films/upload":
            return self._most_upload + 65_536, math.inf  # a form's own lines
        if path == "/v1/chat/completions":
            most = CHAT
        elif path == "/signin":  # who asks here has no key
            most = SIGN_IN
        else:
            most = HOOK if path.startswith("/hooks/") else SMALL
        return most, IDLE + most / SLOWEST


def _place_of(origin: str) -> str:
    """``http://Films.test:80`` -> ``films.test:80``; empty where it is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _check_length(headers: dict[str, str], most: int) -> None:
    length = headers.get("content-length")
    if length is None:
        return
    if (told := whole(length)) is None:
        raise HttpError(400, "bad_request", "Content-Length is no number that can be")
    if told > most:
        raise HttpError(413, "too_large", f"{told:,} bytes are more than the {most:,} that are taken here")


def _check_whole(scope: Scope, headers: dict[str, str]) -> None:
    """Who sends a part (``curl -C``, chunks of a page) means a larger file, and a part of some kinds of film is a film (RFC 9110, 14.5)."""
    if scope["method"] not in SAFE and "content-range" in headers:
        raise HttpError(
            400, "bad_request", "a part of a file can't be sent (Content-Range): send it whole", param="Content-Range"
        )


def _counted(receive: Receive, most: int, seconds: float) -> Receive:
    """The body, counted: what is too much, or does not come, ends the request."""
    seen, until = 0, time.monotonic() + seconds

    async def counted() -> Message:
        nonlocal seen
        waits = seen >= 0
        try:
            async with asyncio.timeout(min(IDLE, until - time.monotonic()) if waits else None):
                message = await receive()
        except TimeoutError:
            late = f"the body did not come in whole within {seconds:.0f} s"
            raise HTTPException(408, late if time.monotonic() >= until else f"no byte came for {IDLE:.0f} s") from None
        if message["type"] == "http.request" and seen >= 0:
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"more than the {most:,} bytes that are taken here")
            if not message.get("more_body", False):
                seen = -1  # all of it: what comes now is the end of the connection, which may be far
        return message

    return counted


def _secured(send: Send) -> Send:
    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            added = [(name.encode(), value.encode()) for name, value in SECURE.items() if name.encode() not in there]
            if b"cache-control" not in there:
                added.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return secured


async def _answer(send: Send, error: HttpError) -> None:
    body = json.dumps(body_of(error)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    told = {"Connection": "close"} | headers_of(error)  # its body is not read
    headers += [(name.lower().encode(), value.encode()) for name, value in told.items()]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _redirect(send: Send, place: str) -> None:
    await send(
        {"type": "http.response.start", "status": 303, "headers": [(b"location", place.encode()), (b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


def _wants_page(scope: Scope, headers: dict[str, str]) -> bool:
    path = scope["path"]
    return (
        scope["method"] == "GET"
        and (path in ("/", "/streams") or path.startswith("/films"))
        and "text/html" in headers.get("accept", "")
    )


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _cookie(headers: dict[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
