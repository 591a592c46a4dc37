"""The daemon: a folder's arrivals into the queue, the queue's jobs into one studio, until it is told to stop.

    folder ---> queue ---> workers (as many films as the studio has seats) ---> outbox ---> webhook, command, move
                  ^            |
                  `------------'  what could not be ended goes back; what crashed is taken back at the start

Nothing but the state folder is believed across a start. SIGTERM ends it within STOP seconds, SIGHUP changes its settings.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import log as logs
from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.options.watch import OWN, WatchSettings
from pipeline.store.database import Database
from pipeline.store.documents import DocumentStore
from pipeline.store.outbox import Outbox
from pipeline.store.queue import Queue
from pipeline.watch.crew import Crew
from pipeline.watch.errands import Errands
from pipeline.watch.folder import Folder
from pipeline.watch.health import Health
from pipeline.watch.lock import LEASE, StateLock
from pipeline.watch.metrics import Counters
from pipeline.watch.notify import Notifier
from pipeline.watch.pulse import beat
from pipeline.watch.rules import Rules
from pipeline.watch.status import Status
from pipeline.watch.weather import Share, Weather
from pipeline.watch.work import Worker

if TYPE_CHECKING:
    from pipeline.studio import Studio

STOP = 8.0
"""seconds for an orderly end, of the ten that are promised"""
GRACE = 3.0
"""of these, seconds in which what is nearly done may still be done"""
TICK = 1.0

log = logs.get(__name__)


class Daemon:
    """``await daemon.run()``; ``stop`` and ``reload`` may be called from signal handlers of the same loop."""

    def __init__(
        self,
        root: Path,
        settings: WatchSettings,
        *,
        reread: Callable[[], WatchSettings] | None = None,
        make_studio: "Callable[[WatchSettings], Studio] | None" = None,
    ) -> None:
        self.root, self.settings = root.absolute(), settings
        self.weather, self.counters, self.notifier = Weather(), Counters(), Notifier()
        self.health: Health | None = None
        self._reread, self._make_studio = reread, make_studio or _studio
        self.stopping = self._reloading = False
        self._wake = asyncio.Event()
        self.crew = Crew(ended=self._wake.set)
        self.status = Status(self)
        self._idle_since = time.monotonic()

    def stop(self) -> None:
        """Take nothing more, end or give back what is in flight."""
        self.stopping = True
        self._wake.set()

    def reload(self) -> None:
        """Read the settings again; they count from the next film on."""
        self._reloading = True
        self._wake.set()

    async def run(self) -> int:
        """Until ``stop``, or with --once until all is done. 1 where films failed with --once, else 0.

        Raises EnvironmentFault (another daemon, no engine to be had) and UsageError at the start.
        """
        folder = self.settings.state_folder
        with ExitStack() as held:
            self.lock = held.enter_context(StateLock(folder))
            database = Database(folder)
            held.callback(database.close)
            self.queue, self.outbox = Queue(database), Outbox(database)
            self._worker = Worker(
                self.queue, DocumentStore(database), self.weather, self.counters, again=lambda job: self.folder.again(job.path)
            )
            held.callback(self._worker.close)
            died, retried = self.queue.recover(), 0
            if self.settings.retry_failed:
                retried = self.queue.retry_failed(self.root)
            log.info("watching", folder=self.root, taken_back=died, retried=retried, state_folder=folder)
            async with AsyncExitStack() as self._engine:
                return await self._serve()

    async def _serve(self) -> int:
        self.studio = await self._engine.enter_async_context(self._make_studio(self.settings))
        self._source = Share(self.root, "source_gone")
        self._errands = Errands(self.outbox, self.settings)
        helpers = [asyncio.create_task(self._errands.run()), asyncio.create_task(beat(self))]
        self._settle_in()
        failed_before = self.counters.failed
        try:
            self.notifier.ready()
            while not self.stopping:
                self._wake.clear()
                self._look_after(helpers)
                if self._reloading:
                    await self._change()
                await self._begin_jobs()
                if self.settings.once and self._all_done():
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), TICK)
            return 1 if self.counters.failed > failed_before and self.settings.once else 0
        finally:
            self.notifier.stopping()
            await self._put_away([*helpers, self._arrivals])
            if self.health is not None:
                self.health.close()

    def _settle_in(self) -> None:
        """Everything that follows from the settings alone, and costs no model."""
        settings = self.settings
        self.studio.seats.on_free = [self._wake.set]
        output = settings.output_dir.absolute() if settings.output_dir is not None else None
        if output is not None:
            try:
                output.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise EnvironmentFault("unwritable", f"the folder {output} can't be made: {error.strerror}") from error
        self._output = Share(output or self.root, "output_gone" if output is not None else "source_gone")
        rules, known = Rules.of(self.root, settings), self.queue.known(self.root)
        self.folder = Folder(rules, settle=settings.settle, poll=settings.poll, known=known)
        self._changes = self.queue.changes()
        self._arrivals = asyncio.create_task(self._take(self.folder, output))
        if self.health is None or self.health.address != settings.listen:
            if self.health is not None:
                self.health.close()
            self.health = (
                Health(settings.listen, ready=self.status.ready, metrics=self.status.metrics) if settings.listen else None
            )

    async def _take(self, folder: Folder, output: Path | None) -> None:
        """Arrivals into the queue, for ever."""
        async with contextlib.aclosing(folder.arrivals()) as arrivals:
            async for found in arrivals:
                count = await self._worker.surely(self.queue.offer, self.root, found, output_dir=output)
                log.info("queued", films=count)
                self._wake.set()

    async def _begin_jobs(self) -> None:
        """Claim as many jobs as may run."""
        self.crew.gather()
        if len(self.crew) or self.weather.waits:
            self._idle_since = time.monotonic()
        if self.weather.tries and not len(self.crew) and not self.weather.waits and not self.studio.engine.ready:
            await self.studio.engine.close()  # an engine that did not start is started anew
        try:
            if (changes := self.queue.changes()) != self._changes:  # ``scenescribe jobs`` retried or forgot something
                self._changes = changes
                self.folder.reset(self.queue.known(self.root))
            while self._may_begin():
                self._source.check()
                job = self.queue.claim(self.root, LEASE)
                if job is None:
                    if not len(self.crew) and self.weather.fault is not None:
                        self.weather.fair()  # nobody is left to say that it is over
                    break
                seat = self.studio.seats.try_take()
                assert seat is not None
                work = self._worker.work(job, self.settings, self.studio, self._source, self._output, on_read=seat.done_reading)
                self.crew.begin(job, work, ended=seat.leave)
        except EnvironmentFault as fault:
            self.weather.foul(fault)
        await self._unload_if_idle()

    def _may_begin(self) -> bool:
        """Whether one more job may run now; one alone while it is tried whether a fault is over."""
        alone = self.weather.tries and len(self.crew)
        return self.studio.seats.free and not alone and not self.weather.waits and not self.stopping

    async def _unload_if_idle(self) -> None:
        minutes, engine = self.settings.idle_unload, self.studio.engine
        if minutes and not len(self.crew) and engine.ready and time.monotonic() - self._idle_since > minutes * 60:
            log.info("unloading the engine", idle_minutes=minutes)
            await engine.close()

    def _all_done(self) -> bool:
        """For --once: nothing is on its way, nothing waits, all is told."""
        if not self.folder.quiet or len(self.crew) or self.folder.trouble is not None:
            return False
        try:
            counts = self.queue.counts(self.root)
            if counts["queued"] or counts["running"]:
                return False
            return self._errands.all_told()
        except EnvironmentFault as fault:
            self.weather.foul(fault)
            return False

    async def _change(self) -> None:
        """Follow a SIGHUP: new settings where they are right, the old ones where they are not."""
        self._reloading = False
        self.notifier.reloading()
        try:
            settings = self._reread() if self._reread is not None else self.settings
            differ = {name for name, value in self.settings if getattr(settings, name) != value}
            if "state_dir" in differ:
                raise UsageError("bad_value", "--state-dir can't change while the daemon runs")
            if differ - OWN:  # another engine or other outputs: what runs goes back, and on where its journal stands
                studio = self._make_studio(settings)
                await self.crew.give_back(grace=0.0, patience=STOP)
                await self._engine.aclose()
                self.studio = await self._engine.enter_async_context(studio)
            self.settings = self._errands.settings = settings
            self._arrivals.cancel()
            await asyncio.gather(self._arrivals, return_exceptions=True)
            self._settle_in()
            log.info("settings read again", changed=sorted(differ))
        except ScenescribeError as error:
            log.error("settings not changed", reason=error.code, message=error.message)
        self.notifier.ready()

    async def _put_away(self, helpers: list[asyncio.Task[None]]) -> None:
        """The end, in GRACE seconds for what runs and the rest of STOP for giving it back."""
        for helper in helpers:
            helper.cancel()
        await self.crew.give_back(grace=GRACE if self.stopping else 0.0, patience=STOP - GRACE)
        await asyncio.gather(*helpers, return_exceptions=True)
        log.info("stopped")

    def _look_after(self, helpers: list[asyncio.Task[None]]) -> None:
        """A helper that died is a bug: end, and let the service manager start anew from what is on disk."""
        for task in (*helpers, self._arrivals):
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error


def _studio(settings: WatchSettings) -> "Studio":
    from pipeline.studio import Studio

    return Studio(settings)
