"""Pictures at addresses that stand in somebody's data: fetched with care, since whoever wrote the table chose what we connect to.

    http and https alone, no address of a private network: looked at after the name is resolved, and that address is connected to,
    again for each redirect; LARGEST bytes, SECONDS in all, TRIES where it may help, POLITE connections to a host

Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import contextlib
import random
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipeline.errors import InputError
from pipeline.imagesources.ahead import AHEAD, SMALL, in_order
from pipeline.imagesources.base import Content
from pipeline.imagesources.connecting import Refused, pinned, until
from pipeline.numerals import whole

LARGEST = 64 << 20
"""bytes of an answer"""
SECONDS = 60.0
"""for one address, its redirects and its tries"""
BETWEEN = 10.0
"""seconds without a byte"""
REDIRECTS = 5
TRIES = 3
POLITE = 6
"""connections to one host at once"""
THREADS = 32
AGAIN = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505, 506, 510, 511}
_HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "scenescribe (image annotation)",
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
}


class _Again(Exception):
    """It may work a little later; ``after``: seconds that the server asks for."""

    def __init__(self, says: str, after: float = 0.0) -> None:
        super().__init__(says)
        self.after = after


class Fetcher:
    """Connections that are kept between addresses. ``allowed``: hosts that may have a private address."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        import httpcore

        self._allowed = frozenset(host.lower() for host in allowed)
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=2 * THREADS,
            keepalive_expiry=10,
            network_backend=pinned(self._allowed),
        )
        self._turns: dict[str, threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(POLITE))
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fetch")

    def fetch(self, urls: Sequence[str]) -> Iterator[Content]:
        """What is at each address, in order."""
        return in_order(self._threads, self._ahead, urls, AHEAD)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.close()

    def _ahead(self, url: str, turn: bool) -> Content | None:
        found = self.one(url, LARGEST if turn else min(SMALL, LARGEST))
        return None if not turn and isinstance(found, InputError) and found.code == "picture_too_large" else found

    def one(self, url: str, most: int | None = None) -> Content:
        """What is at one address, or InputError ``url_refused``, ``url_failed``, ``picture_too_large`` (``most`` bytes, else LARGEST)."""
        end = time.monotonic() + SECONDS
        until(end)
        for attempt in range(TRIES):
            try:
                return self._followed(url, end, LARGEST if most is None else most)
            except InputError as error:
                return error
            except _Again as failed:
                says = str(failed)
                pause = max(min(failed.after, 20.0), random.uniform(0.2, 1.0) * 2**attempt)
                if attempt + 1 == TRIES or time.monotonic() + pause > end:
                    break
                time.sleep(pause)
        return InputError("url_failed", f"{_shown(url)}: {says}")

    def _followed(self, url: str, end: float, most: int) -> bytes:
        """Raises InputError, _Again."""
        for _ in range(REDIRECTS + 1):
            checked = _checked(url)
            with self._turn(urlsplit(checked).netloc):
                found = self._get(checked, end, most)
            if isinstance(found, bytes):
                return found
            try:
                url = urljoin(checked, found)
            except ValueError:
                raise InputError("url_failed", f"{_shown(checked)}: its server sends us on to what is no address") from None
        raise InputError("url_failed", f"{_shown(url)}: more than {REDIRECTS} redirects")

    def _get(self, url: str, end: float, most: int) -> bytes | str:
        """The answer's bytes, or where it is to be had. Raises InputError, _Again."""
        import httpcore

        left = end - time.monotonic()
        waits = dict.fromkeys(("connect", "read", "write", "pool"), max(0.1, min(BETWEEN, left)))
        try:
            with self._pool.stream("GET", url, headers=_HEADERS, extensions={"timeout": waits}) as answer:
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                if answer.status in (301, 302, 303, 307, 308) and "location" in headers:
                    return headers["location"]
                if answer.status in AGAIN:
                    raise _Again(f"the server answered {answer.status}", _seconds(headers.get("retry-after", "")))
                if answer.status != 200:
                    raise InputError("url_failed", f"{_shown(url)}: the server answered {answer.status}")
                return _body(answer, headers, url, end, most)
        except Refused as error:
            raise InputError("url_refused", f"{_shown(url)}: {error} (--allow-host {urlsplit(url).hostname} allows it)") from None
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise _Again(str(error) or type(error).__name__) from None
        except (httpcore.UnsupportedProtocol, ValueError) as error:
            raise InputError("url_refused", f"{_shown(url)}: {error}") from None

    @contextlib.contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        with self._lock:
            turn = self._turns[host]
        with turn:
            yield


def _body(answer: Any, headers: dict[str, str], url: str, end: float, most: int) -> bytes:
    """An answer's bytes, whatever it says of their number. Raises InputError, _Again."""
    said = headers.get("content-length", "")
    too_large = InputError("picture_too_large", f"{_shown(url)}: more than {most >> 20} MB")
    if (length := whole(said)) is not None and length > most:
        raise too_large
    got = bytearray()
    for piece in answer.iter_stream():
        got += piece
        if len(got) > most:
            raise too_large
        if time.monotonic() > end:
            raise _Again(f"it did not end within {SECONDS:.0f} s")
    return bytes(got)


def _checked(url: str) -> str:
    """Raises InputError ``url_refused``."""
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname
    except ValueError:
        raise InputError("url_refused", f"{_shown(url)}: this is no address") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise InputError("url_refused", f"{_shown(url)}: only http and https addresses are fetched")
    if parts.username is not None:
        raise InputError("url_refused", f"{_shown(url)}: an address with a name and a password in it is not fetched")
    path = "".join(character if 32 < ord(character) < 127 else _quoted(character) for character in parts.path or "/")
    query = "".join(character if 32 < ord(character) < 127 else _quoted(character) for character in parts.query)
    try:
        name = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:  # a label that is empty or too long, signs that no name has
        raise InputError("url_refused", f"{_shown(url)}: this is no host's name") from None
    netloc = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{path}{f'?{query}' if query else ''}"


def _quoted(character: str) -> str:
    from urllib.parse import quote

    return quote(character, errors="replace")


def _seconds(retry_after: str) -> float:
    return float(whole(retry_after) or 0)


def _shown(url: str) -> str:
    """An address in a message: without its query, which may hold a key."""
    return url.partition("?")[0][:200]
