"""The hosts of a fleet as one engine: what asks a model something, and what watches a run, sees no difference."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from models.base import Reply, Request
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Clock
from pipeline.engine.gauges import raise_to
from pipeline.fleet.coordinator import Coordinator

SUMMED = ("running", "waiting", "asked", "preemptions", "prompt_tokens", "generation_tokens")
"""gauges of which a fleet has as much as its hosts together"""


class FleetCaptioner:
    """A captioner (models/base.py) that passes on. Raises errors of pipeline.errors: hosts have translated them."""

    def __init__(self, engine: str, coordinator: Coordinator, capacity: int) -> None:
        self.engine, self._coordinator, self._capacity = engine, coordinator, capacity
        self.engine_version = "unknown"

    @property
    def capacity(self) -> int:
        """Of all hosts, as far as they have said."""
        return sum(host.limit for host in self._coordinator.hosts) or self._capacity

    async def start(self) -> None:
        await self._coordinator.ready()
        self.engine_version = next(host.engine_version for host in self._coordinator.hosts if host.engine_version)

    async def caption(self, request: Request) -> Reply:
        return await self._coordinator.ask(request)

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        pieces: asyncio.Queue[str | Reply | None] = asyncio.Queue()
        asking = asyncio.create_task(self._coordinator.ask(request, pieces.put_nowait))
        asking.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            yield await asking
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await asking

    async def metrics(self) -> Mapping[str, Any]:
        """Sums where there is one, the highest of what is a share, and each GPU for itself."""
        found: dict[str, Any] = {}
        for host in self._coordinator.hosts:
            for name, value in host.pulse.gauges.items():
                if name in SUMMED:
                    found[name] = found.get(name, 0) + value
                elif isinstance(value, list):  # of all the machine's GPUs, whichever host looks
                    raise_to(found, {name: value})
                elif isinstance(value, int | float):
                    found[name] = max(found.get(name, value), value)
        return found

    async def close(self) -> None:
        await self._coordinator.close()


class FleetEngine(Engine):
    """An engine whose counts are those of the hosts: their gates admit, this one only lets requests of its own through."""

    def __init__(self, captioner: FleetCaptioner, coordinator: Coordinator) -> None:
        super().__init__(captioner)
        self._coordinator = coordinator

    def changed(self) -> None:
        """A host said something."""
        for told in self._gate.on_change:
            told()

    @property
    def limit(self) -> int:
        return self.captioner.capacity

    @property
    def in_flight(self) -> int:
        return sum(host.pulse.in_flight for host in self._coordinator.hosts)

    @property
    def waiting(self) -> int:
        return sum(host.pulse.waiting for host in self._coordinator.hosts)

    @property
    def peak(self) -> tuple[int, int]:
        peaks = [host.pulse.peak for host in self._coordinator.hosts]
        return sum(count for count, _ in peaks), sum(nbytes for _, nbytes in peaks)

    @property
    def deaths(self) -> int:
        return sum(host.pulse.deaths for host in self._coordinator.hosts)

    @property
    def clock(self) -> Clock:
        """The mean of the hosts' clocks: seconds of the run, not of processes."""
        pulses = [host.pulse for host in self._coordinator.hosts if host.starts]
        count = max(1, len(pulses))
        return Clock(
            hungry=sum(pulse.hungry for pulse in pulses) / count,
            fed=sum(pulse.fed for pulse in pulses) / count,
            full=sum(pulse.full for pulse in pulses) / count,
        )
