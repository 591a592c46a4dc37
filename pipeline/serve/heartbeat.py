"""What the service does beside jobs and answers: the lease, systemd's watchdog, and what is looked at and swept up now and then."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline import heap
from pipeline import log as logs
from pipeline.accident import logged
from pipeline.errors import EnvironmentFault
from pipeline.live.wall import BOOTING, SET, UNSET, Wall, steady
from pipeline.serve.faults import HttpError
from pipeline.watch.lock import LEASE, StateLock
from pipeline.watch.systemd import Systemd

if TYPE_CHECKING:
    from pipeline.serve.service import Service

BEAT = 5.0
"""seconds between two signs of life to systemd"""
SWEPT = BOOTING
"""seconds between two times that what nobody uses is removed"""
EVENTS_KEPT = 7 * 86_400.0
"""seconds that the events of a job are kept after its end"""

log = logs.get(__name__)


class Heartbeat:
    """An errand that fails does not stop the others, nor the service: a full state folder stands in the way of jobs, which say so."""

    def __init__(
        self, service: "Service", lock: StateLock, *, wall: Callable[[], float] = time.time, clock: Callable[[], float] = steady
    ) -> None:
        """``clock``: one that nobody can set."""
        self._service, self._lock = service, lock
        self._systemd, self._upkeep, self._swept = Systemd(), heap.Upkeep(), clock()
        self._time, self._clock = wall, clock
        self._wall, self._moved = Wall(clock, wall), 0.0
        self._said: dict[str, str] = {}
        """errands that met an accident, and which one: it is said once, not at each beat"""

    async def run(self) -> None:
        """For ever."""
        self._systemd.ready()
        while True:
            self._lock.renew()
            for errand in (self._alive, self._lease, self._films, self._gauges, self._sweep, self._upkeep.look):
                name = errand.__name__
                try:
                    await errand()
                    self._said.pop(name, None)
                except EnvironmentFault:
                    continue
                except Exception as error:
                    if self._said.get(name) != repr(error):
                        self._said[name] = repr(error)
                        logged(error, errand=name)
            await asyncio.sleep(BEAT)

    async def _alive(self) -> None:
        """The watchdog hears of a loop that turns, whatever the state folder is like."""
        told = "its state folder can't be read"
        try:
            counts = await asyncio.to_thread(self._service.jobs.counts)
            told = f"{counts['in_progress']} jobs under way, {counts['queued']} waiting"
        finally:
            self._systemd.alive(told)

    async def _lease(self) -> None:
        await asyncio.to_thread(self._service.jobs.renew, LEASE)

    async def _films(self) -> None:
        await self._service.open_films.sweep()

    async def _gauges(self) -> None:
        if (engine := self._service.studio.engine).ready:
            await engine.gauges.look()

    async def _sweep(self) -> None:
        if self._clock() - self._swept > SWEPT:
            self._swept = self._clock()
            await asyncio.to_thread(self._forget_unused)

    def _forget_unused(self) -> None:
        """Uploads that nobody used for --keep-days go, and old events. Nothing goes because the clock was set, or is not set yet."""
        service, now = self._service, self._time()
        self._moved += self._wall.look()
        if now < UNSET:
            return
        was_set = abs(self._moved) > SET
        kept = service.films.used_now(now, all=was_set)
        if kept or was_set:
            log.warning(
                "clock set", reason="clock_set", by_seconds=round(self._moved), message=f"{kept} uploads count as used just now"
            )
        self._moved = 0.0
        if was_set:
            return
        for film in service.films.unused(service.settings.keep_days * 86_400, now):
            with contextlib.suppress(HttpError):
                service.forget(film)
                log.info("expired", film=film)
        service.jobs.trim(now - EVENTS_KEPT)
