"""``--webhook``: a signed JSON object for each film that is done or failed.

X-Scenescribe-Delivery   the same for every try of one event: a receiver that saw it has seen it
X-Scenescribe-Signature  t=SECONDS,v1=HEX    HMAC-SHA256 under the secret, over "SECONDS." and the body's bytes
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

TIMEOUT = 10.0
QUICK_TRIES = 3


def sign(secret: str, moment: int, body: bytes) -> str:
    """The signature's header: ``t=1700000000,v1=5257a8...``."""
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


def body_of(event: Mapping[str, Any]) -> bytes:
    """The event as it is sent; names that are no text are escaped."""
    return json.dumps(event, sort_keys=True, ensure_ascii=False).encode("utf-8", "backslashreplace")


class Webhook:
    """Sends events. One connection is kept between them: making one costs more than an event."""

    def __init__(self) -> None:
        self._client: Any = None

    async def post(self, url: str, secret: str | None, delivery: str, event: Mapping[str, Any]) -> str:
        """Send one event, up to QUICK_TRIES times in a few seconds. An empty text, or why it did not arrive.

        Where the receiver refuses for good (3xx, 4xx but 408, 425 and 429) the text begins with ``refused``.
        """
        import httpx
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)
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
                    answer = await self._client.post(url, content=body, headers=headers)
                    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
                        raise _Busy(f"the receiver answered {answer.status_code}")
                    if answer.status_code >= 300:
                        return f"refused: the receiver answered {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, _Busy) as error:
            return str(error) or type(error).__name__
        return ""

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


class _Busy(Exception):
    """An answer that may be better later."""
