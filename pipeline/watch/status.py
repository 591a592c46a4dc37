"""The daemon as others see it: systemd's status line, /readyz, /metrics. And its heartbeat, to all who listen for one."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from pipeline.errors import EnvironmentFault
from pipeline.watch.health import Health
from pipeline.watch.lock import LEASE
from pipeline.watch.metrics import Snapshot, exposition
from pipeline.watch.observer import WatchObserver
from pipeline.watch.state import State
from pipeline.watch.systemd import Systemd
from pipeline.watch.unsettled import Unsettled


class Status:
    """Looks at a daemon's state, changes nothing. Asked from other threads too."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def waiting_for(self) -> str:
        """Code of what is in the way of all films, or an empty text."""
        fault = self._state.breaker.fault
        return fault.code if fault is not None else ""

    @property
    def engine(self) -> str:
        """unloaded, loading or ready."""
        if self._state.studio.engine.ready:
            return "ready"
        return "loading" if len(self._state.running) else "unloaded"

    def line(self) -> str:
        """For ``systemctl status``."""
        counts = self._state.queue.counts(self._state.root)
        words = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nothing yet"
        return f"{words}; waiting: {self.waiting_for}" if self.waiting_for else words

    def ready(self) -> dict[str, Any]:
        """What /readyz says; ``ready``: a film that arrives now would be described."""
        return {
            "ready": not self.waiting_for and not self._state.stopping.is_set() and self._state.setup.folder.scans > 0,
            "waiting_for": self.waiting_for or None,
            "engine": self.engine,
            "jobs": self._state.queue.counts(),
        }

    def metrics(self) -> bytes:
        """What /metrics says."""
        return exposition(self._state.counters, self._snapshot)

    def _snapshot(self) -> Snapshot:
        state = self._state
        return Snapshot(
            jobs=state.queue.counts(),
            oldest_queued=state.queue.oldest("queued"),
            oldest_running=state.queue.oldest("running"),
            windows_in_flight=state.studio.engine.in_flight,
            engine=self.engine,
            waiting_for=self.waiting_for,
            errands=state.outbox.left(),
            restarts=state.studio.engine.deaths,
        )


async def heartbeat(
    state: State, status: Status, systemd: Systemd, health: Callable[[], Health | None], observer: WatchObserver
) -> None:
    """For ever: the locks' leases, the watchdog, /healthz, and the minute's word on what is waited for."""
    every = min(LEASE / 3, systemd.watchdog / 3 or LEASE, 10.0, state.timings.remind)
    unsettled = Unsettled(state.timings.remind, observer.waits)
    while True:
        if (trouble := state.setup.folder.trouble) is not None:
            reason = f"the folder {state.root} can't be looked at: {trouble.strerror or trouble}"
            state.breaker.trip(EnvironmentFault("source_gone", reason))
        state.breaker.remind()
        unsettled.look(state.setup.folder, once=state.settings.once)
        state.lock.renew()
        with contextlib.suppress(EnvironmentFault):
            if len(state.running):
                state.queue.renew(LEASE)
        systemd.alive(_told(status))
        if (server := health()) is not None:
            server.beat()
        await asyncio.sleep(every)


def _told(status: Status) -> str:
    """The watchdog hears of a loop that turns, whatever the state folder is like."""
    try:
        return status.line()
    except EnvironmentFault as fault:
        return f"waiting: {fault.code}"
