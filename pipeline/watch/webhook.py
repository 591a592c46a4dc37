"""``--webhook``: a signed JSON object for each film that is done or failed.

X-Scenescribe-Delivery   the same for every try of one event: a receiver that saw it has seen it
X-Scenescribe-Signature  t=SECONDS,v1=HEX    HMAC-SHA256 under the secret, over "SECONDS." and the body's bytes
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from models.proxies import proxy_fault
from pipeline.imagesources.connecting import Refused
from pipeline.watch.reachable import Reachable

TIMEOUT = 10.0
"""seconds between two bytes"""
WHOLE = 60.0
"""seconds for one try: a receiver may trickle"""
KEPT = 65_536
"""bytes of an answer that are read, so that its connection can be kept"""
QUICK_TRIES = 3


AN_ADDRESS = "an address that begins with http:// or https:// and names a host"


def is_address(url: str) -> bool:
    """Whether it can be called: http or https, a host, a port that exists, plain characters."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme.lower() in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and url.isascii()
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        return False


def sign(secret: str, moment: int, body: bytes) -> str:
    """The signature's header: ``t=1700000000,v1=5257a8...``."""
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


def body_of(event: Mapping[str, Any]) -> bytes:
    """The event as it is sent; names that are no text are escaped."""
    return json.dumps(event, sort_keys=True, ensure_ascii=False).encode("utf-8", "backslashreplace")


class Webhook:
    """Sends events. One connection is kept between them: making one costs more than an event.

    ``reachable``: where the addresses may lead that it is given, anywhere where it is None.
    """

    def __init__(self, reachable: Reachable | None = None) -> None:
        self._client: Any = None
        self._reachable = reachable

    async def post(self, url: str, secret: str | None, delivery: str, event: Mapping[str, Any]) -> str:
        """Send one event, up to QUICK_TRIES times in a few seconds. An empty text, or why it did not arrive.

        Where the receiver refuses for good (3xx, 4xx but 408, 425 and 429), or is not to be reached, the text begins with ``refused``.
        """
        import httpx
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        if self._client is None:
            try:
                self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)
            except (ValueError, ImportError) as error:
                return proxy_fault(error)
        body = body_of(event)
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(QUICK_TRIES),
                wait=wait_random_exponential(multiplier=0.5, max=5),
                retry=retry_if_exception_type((httpx.TransportError, _Busy)),
                reraise=True,
            ):
                with attempt:
                    headers = {"Content-Type": "application/json", "X-Scenescribe-Delivery": delivery}
                    if secret:
                        headers["X-Scenescribe-Signature"] = sign(secret, int(time.time()), body)
                    status = await self._status(url, body, headers)
                    if status in (408, 425, 429) or status >= 500:
                        raise _Busy(f"the receiver answered {status}")
                    if status >= 300:
                        return f"refused: the receiver answered {status}"
        except Refused as error:
            return f"refused: {error}; --allow-webhook lets a job's webhook go there"
        except TimeoutError:
            return f"the receiver did not answer within {WHOLE:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, _Busy) as error:
            return str(error) or type(error).__name__
        return ""

    async def _status(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer. Its body is read as far as KEPT and thrown away, packed as it is: it may be without end."""
        async with asyncio.timeout(WHOLE):
            place, host, extensions = await self._reachable.pinned(url) if self._reachable else (url, {}, {})
            asked = self._client.stream("POST", place, content=body, headers={**headers, **host}, extensions=extensions)
            async with asked as answer:
                skipped = 0
                async for piece in answer.aiter_raw():
                    skipped += len(piece)
                    if skipped > KEPT:
                        break  # the connection is closed; one whose answer was read to its end is used again
                return int(answer.status_code)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


class _Busy(Exception):
    """An answer that may be better later."""
