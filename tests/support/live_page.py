"""The page of a live description on a thread of its own, for browsers that are driven from another one."""

import asyncio
import threading
from typing import Any

from models.engines.echo import EchoCaptioner
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.live.address import understand
from pipeline.live.events import Event, stretch
from pipeline.live.outputs.page import Page
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.types import Window


def caption(number: int, text: str) -> Event:
    told = stretch("caption", "gate", 1, number * 4.0, number * 4.0 + 4, text=text, outcome="ok", level=0)
    return {**told, "id": number, "utc_end": "2026-11-27T10:00:00.000Z", "latency": {"glass_to_text": 0.9}}


class Served:
    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "Served":
        self._thread.start()
        self._do(self._open())
        return self

    async def _open(self) -> None:
        plan = Plan(name=self._name, address=understand("udp://127.0.0.1:1"))
        self.station = Station([plan], Recipe(model="echo"), Engine(EchoCaptioner()))
        self.page = Page("127.0.0.1:0", self.station)
        await self.page.open()
        self.address = self.page.address

    def _do(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    def offer(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self.page.offer, event)

    def show(self, window: Window) -> None:
        """As if this window had been described."""
        self.station.streams[0].describing._like = window

    def cut(self) -> None:
        """Cut off all who listen, as a network does."""

        async def now() -> None:
            for client in self.page._clients:
                client.put_nowait(None)
            self.page._clients.clear()

        self._do(now())

    def __exit__(self, *_: object) -> None:
        self._do(self.page.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
