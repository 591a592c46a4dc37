"""The daemon: a folder's arrivals into the queue, the queue's jobs into one studio, until it is told to stop.

    folder ---> queue ---> workers (as many films as the studio has seats) ---> outbox ---> webhook, command, move
                  ^            |
                  `------------'  what could not be ended goes back; what crashed is taken back at the start

Nothing but the state folder is believed across a start. SIGTERM ends it within seconds, SIGHUP changes its settings.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import log as logs
from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.options.watch import WatchSettings
from pipeline.scheduler import Scheduler
from pipeline.store.database import Database
from pipeline.store.documents import DocumentStore
from pipeline.store.outbox import Outbox
from pipeline.store.queue import Queue
from pipeline.watch.breaker import Breaker
from pipeline.watch.deliveries import Deliveries
from pipeline.watch.health import Health
from pipeline.watch.intake import Intake
from pipeline.watch.lock import LEASE, StateLock
from pipeline.watch.observer import LogLines, WatchObserver
from pipeline.watch.state import Setup, State, open_studio
from pipeline.watch.status import Status, heartbeat
from pipeline.watch.systemd import Systemd
from pipeline.watch.timings import Timings
from pipeline.watch.work import Worker

if TYPE_CHECKING:
    from pipeline.host import Host
    from pipeline.studio import Studio

log = logs.get(__name__)


class Daemon:
    """``await daemon.run()``; ``stop`` and ``reload`` may be called from signal handlers of the same loop."""

    def __init__(
        self,
        root: Path,
        settings: WatchSettings,
        *,
        reread: Callable[[], WatchSettings] | None = None,
        make_studio: "Callable[[WatchSettings, Host | None], Studio] | None" = None,
        observer: WatchObserver | None = None,
        timings: Timings | None = None,
        address: str | None = None,
    ) -> None:
        """``address``: of the storage that ``root`` stands for. ``reread``: the settings after a SIGHUP; it raises UsageError."""
        self.root, self.address, self.settings, self.timings = root.absolute(), address, settings, timings or Timings()
        self.reread: Callable[[], WatchSettings] = reread or (lambda: settings)
        self._make_studio, self._observer = make_studio or open_studio, observer or LogLines()
        self._stopping, self._wake = asyncio.Event(), asyncio.Event()
        self.reloading = False
        """whether a SIGHUP is still to be followed"""
        self._state: State | None = None

    @property
    def state(self) -> State:
        """What it works with, while it runs."""
        assert self._state is not None, "the daemon does not run"
        return self._state

    @property
    def looks(self) -> bool:
        """Whether it runs, and has looked at all of its folder."""
        return self._state is not None and self._state.setup.folder.scans > 0

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        """Take nothing more, end or give back what is in flight."""
        self._stopping.set()
        self._wake.set()

    def reload(self) -> None:
        """Read the settings again; they count from the next film on."""
        self.reloading = True
        self._wake.set()

    async def run(self) -> int:
        """Until ``stop``, or with --once until all is done. 1 where films failed with --once, else 0.

        Raises EnvironmentFault (another daemon, no engine to be had) and UsageError at the start.
        """
        with ExitStack() as held:
            lock = held.enter_context(StateLock(self.settings.state_folder))
            database = held.enter_context(contextlib.closing(Database(self.settings.state_folder)))
            queue = Queue(database)
            died = queue.recover()
            retried = queue.retry_at_start(self.root, failed=self.settings.retry_failed, elsewhere=self.address is not None)
            async with AsyncExitStack() as self._engine:
                studio = self._make_studio(self.settings, None)
                self._state = State(
                    root=self.root, settings=self.settings, setup=Setup.of(self.root, self.settings, queue, self.timings, self.address),
                    studio=await self._engine.enter_async_context(studio), lock=lock, queue=queue,
                    documents=DocumentStore(database), outbox=Outbox(database), running=Scheduler(studio.host.limits),
                    stopping=self._stopping, timings=self.timings, breaker=Breaker(self.timings),
                )  # fmt: skip
                self._state.running.on_free.append(self._wake.set)
                self._adopt(studio)
                self._worker = held.enter_context(contextlib.closing(Worker(self._state, self._observer)))
                self._observer.watching(self._state, taken_back=died, retried=retried)
                return await self._serve()

    async def _serve(self) -> int:
        state, self._idle_since = self.state, time.monotonic()
        systemd, self._status, self._deliveries = Systemd(), Status(state), Deliveries(state)
        self._health: Health | None = None
        self._changes = state.queue.changes()
        beat = heartbeat(state, self._status, systemd, lambda: self._health, self._observer)
        helpers = [asyncio.create_task(self._deliveries.run()), asyncio.create_task(beat)]
        self._intake = Intake(state, self._observer, taken=self._wake.set)
        try:
            self._listen()
            systemd.ready()
            while not self.stopping:
                self._wake.clear()
                self._look_after(helpers)
                if self.reloading:
                    systemd.reloading()
                    await self._change()
                    systemd.ready()
                await self._begin_jobs()
                if state.settings.once and self._all_done():
                    break
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.timings.tick):
                        await self._wake.wait()
            return 1 if state.counters.failed and state.settings.once else 0
        finally:
            systemd.stopping()
            await self._put_away(helpers)
            if self._health is not None:
                self._health.close()

    def _adopt(self, studio: "Studio") -> None:
        studio.engine.on_ready.append(self._observer.loaded)

    def _listen(self) -> None:
        """Follow ``--listen``. Raises UsageError and EnvironmentFault; then nothing is listened to."""
        address = self.state.settings.listen
        if self._health is not None and self._health.address != address:
            self._health.close()
            self._health = None
        if self._health is None and address:
            self._health = Health(address, ready=self._status.ready, metrics=self._status.metrics)
            log.info("listening", address=self._health.bound)

    async def _begin_jobs(self) -> None:
        """Claim as many jobs as may run."""
        state = self.state
        await self._worker.gather()
        if len(state.running) or state.breaker.is_open:
            self._idle_since = time.monotonic()
        if state.breaker.may_probe and not len(state.running) and not state.studio.engine.ready:
            await state.studio.engine.close()  # an engine that did not start is started anew
        try:
            if (changes := state.queue.changes()) != self._changes:  # ``scenescribe jobs`` retried or forgot something
                self._changes = changes
                state.setup.folder.reset(state.queue.known(self.root))
            while self._may_begin():
                state.setup.source.check()
                job = state.queue.claim(self.root, LEASE, state.studio.recipe)
                if job is None:
                    if not len(state.running) and state.setup.folder.trouble is None:
                        state.breaker.reset()  # nobody is left to say that it is over
                    break
                state.running.try_begin(partial(self._worker.work, job))
        except EnvironmentFault as fault:
            state.breaker.trip(fault)
        await self._unload_if_idle()

    def _may_begin(self) -> bool:
        """Whether one more job may run now; one alone while it is tried whether a fault is over."""
        breaker, busy = self.state.breaker, len(self.state.running)
        return self.state.running.free and not breaker.is_open and not (breaker.may_probe and busy) and not self.stopping

    async def _unload_if_idle(self) -> None:
        minutes, engine = self.state.settings.idle_unload, self.state.studio.engine
        if minutes and not len(self.state.running) and engine.ready and time.monotonic() - self._idle_since > minutes * 60:
            log.info("unloading the engine", idle_minutes=minutes)
            await engine.close()

    def _all_done(self) -> bool:
        """For --once: nothing is on its way, nothing waits, all is delivered."""
        state = self.state
        if not state.setup.folder.quiet or len(state.running) or state.setup.folder.trouble is not None:
            return False
        try:
            counts = state.queue.counts(self.root)
            return not counts["queued"] and counts["running"] <= len(self._worker.unended) and self._deliveries.all_told()
        except EnvironmentFault as fault:
            state.breaker.trip(fault)
            return False

    async def _change(self) -> None:
        """Follow a SIGHUP: new settings where they are right, the old ones where they are not."""
        state, before = self.state, self.state.settings
        self.reloading = False
        try:
            settings = self.reread()
            differ = {name for name, value in before if getattr(settings, name) != value}
            if "state_dir" in differ:
                raise UsageError("bad_value", "--state-dir can't change while the daemon runs")
            setup = Setup.of(self.root, settings, state.queue, self.timings, self.address, before=state.setup)
            if state.studio.host.serves(settings):  # what runs goes on as it was begun
                state.studio = self._make_studio(settings, state.studio.host)
            else:  # another engine: what runs goes back, and on where its journal stands
                studio = self._make_studio(settings, None)
                await state.running.give_back(grace=0.0, patience=self.timings.stop)
                await self._engine.aclose()
                state.studio = await self._engine.enter_async_context(studio)
                state.running.resize(studio.host.limits)
                self._adopt(studio)
            state.settings, state.setup = settings, setup
            await self._intake.restart()
            self._listen()
            log.info("settings read again", changed=sorted(differ))
        except ScenescribeError as error:
            log.error("settings not changed", reason=error.code, message=error.message)

    async def _put_away(self, helpers: list[asyncio.Task[None]]) -> None:
        """The end: a moment for what is nearly done, and the rest of the time for giving back what runs."""
        for helper in helpers:
            helper.cancel()
        await self._intake.end()
        times = self.timings
        await self.state.running.give_back(grace=times.grace if self.stopping else 0.0, patience=times.stop - times.grace)
        await asyncio.gather(self._worker.unended.settled(), *helpers, return_exceptions=True)  # a last try
        self._observer.stopped()

    def _look_after(self, helpers: list[asyncio.Task[None]]) -> None:
        """A helper that died is a bug: end, and let the service manager start anew from what is on disk."""
        for task in (*helpers, self._intake.task):
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
