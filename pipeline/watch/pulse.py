"""Signs of life while the daemon runs: to its lock, to systemd, to whoever asks over HTTP, and in the log."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from pipeline.errors import EnvironmentFault
from pipeline.watch.lock import LEASE

if TYPE_CHECKING:
    from pipeline.watch.daemon import Daemon


async def beat(daemon: "Daemon") -> None:
    """For ever: the locks' leases, the watchdog, /healthz, and the minute's word on what is waited for."""
    every = min(LEASE / 3, daemon.notifier.watchdog / 3 or LEASE, 10.0)
    while True:
        if (trouble := daemon.folder.trouble) is not None:
            reason = f"the folder {daemon.root} can't be looked at: {trouble.strerror or trouble}"
            daemon.weather.foul(EnvironmentFault("source_gone", reason))
        daemon.weather.remind()
        daemon.lock.renew()
        with contextlib.suppress(EnvironmentFault):
            if len(daemon.crew):
                daemon.queue.renew(LEASE)
            daemon.notifier.alive(daemon.status.line())
        if daemon.health is not None:
            daemon.health.beat()
        await asyncio.sleep(every)
