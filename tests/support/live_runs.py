"""A station on the echo engine, run until what is waited for was told."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from patience import PATIENCE

from models.base import Captioner
from models.engines.echo import EchoCaptioner
from models.preset import FrameSize
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.live.address import understand
from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.watch.systemd import Systemd

RECIPE = Recipe(model="echo", engine="echo", size=FrameSize(side=64))


class Told(Output):
    """All events, and a way to wait for some."""

    name = "told"

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.more = asyncio.Event()

    def offer(self, event: Event) -> None:
        self.events.append(event)
        self.more.set()

    def of(self, kind: str, **fields: Any) -> list[Event]:
        return [e for e in self.events if e["event"] == kind and all(e.get(key) == value for key, value in fields.items())]


class Run:
    """A station and what it tells."""

    def __init__(
        self,
        sources: "dict[str, str | tuple[str, dict[str, Any]]] | str",
        *,
        engine: Captioner | None = None,
        recipe: Recipe = RECIPE,
        **fields: Any,
    ) -> None:
        given = {"cam": sources} if isinstance(sources, str) else sources
        own = {name: one if isinstance(one, tuple) else (one, {}) for name, one in given.items()}
        rules = {"window": 1.0, "fps": 4.0, "max_window": 8.0, "skip_static": False, "previous": 0, **fields}
        plans = [Plan(name=name, address=understand(text), **{**rules, **more}) for name, (text, more) in own.items()]
        self.engine = Engine(engine or EchoCaptioner())
        self.station = Station(plans, recipe, self.engine, Systemd())
        self.told = Told()
        self.station.outputs.append(self.told)
        self.how: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        return [stream.plan.name for stream in self.station.streams]

    @property
    def stream(self) -> Any:
        return self.station.streams[0]

    async def until(
        self, done: Callable[[Told], object], *, within: float = 180.0, then: Callable[[], None] | None = None
    ) -> None:
        """Run until ``done`` says so; then stop, and wait for the end. ``within``: seconds after which something hangs: no measure."""
        running = asyncio.create_task(self.station.run())
        try:
            async with asyncio.timeout(within):
                while not running.done() and not done(self.told):
                    self.told.more.clear()
                    waiter = asyncio.create_task(self.told.more.wait())
                    await asyncio.wait((running, waiter), return_when=asyncio.FIRST_COMPLETED)
                    waiter.cancel()
            self.station.stop()
            self.how = await asyncio.wait_for(running, PATIENCE)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self.engine.close()

    def whole(self) -> None:
        """Every second up to the end was told of once, in order."""
        for stream in self.station.streams:
            edge = 0.0
            for event in self.told.events:
                if event["event"] in ("caption", "unchanged", "gap", "offline") and event["stream"] == stream.plan.name:
                    assert event["start"] == pytest.approx(edge, abs=1e-6), event
                    edge = event["end"]
            assert stream.timeline.ledger.waiting == 0
            assert sum(stream.timeline.ledger.seconds.values()) == pytest.approx(edge)


def captions(count: int) -> Callable[[Told], bool]:
    return lambda told: len(told.of("caption")) >= count
