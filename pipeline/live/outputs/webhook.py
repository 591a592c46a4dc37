"""``--webhook``: what is told, as signed POSTs; while one is under way the next ones wait and go together.

    {"event": "live", "events": [{"event": "caption", ...}, ...]}      at most TOGETHER, in order

Signed as those of ``watch`` are (docs/watch.md). A receiver that does not answer is tried again; what waits is bounded, and the oldest
goes first. One that refuses for good loses what it refused.
"""

import asyncio
import secrets

from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.watch.webhook import Webhook

TOGETHER = 50
PAUSE = 5.0
"""seconds before a receiver that did not answer is tried again"""


class Hook(Output):
    name = "webhook"
    most = 500

    def __init__(self, url: str, secret: str | None) -> None:
        super().__init__()
        self._url, self._secret, self._hook = url, secret, Webhook()

    def wants(self, event: Event) -> bool:
        return str(event["event"]) in ("caption", "gap", "offline", "source")

    async def write(self, event: Event) -> None:
        delivery = secrets.token_hex(8)
        sent = list(self._waiting)[:TOGETHER]
        while True:
            told = [{key: value for key, value in one.items() if key[0] != "_"} for one in sent]
            why = await self._hook.post(self._url, self._secret, delivery, {"event": "live", "events": told})
            if not why or why.startswith("refused"):
                break
            self.failures += 1
            self._warn(why)
            await asyncio.sleep(PAUSE)
        if why:
            self.failures += 1
            self.lost += len(sent)
            self._warn(why)
        kept = {id(one) for one in sent}
        while self._waiting and id(self._waiting[0]) in kept:
            self._waiting.popleft()

    async def close(self) -> None:
        await super().close()
        await self._hook.close()
