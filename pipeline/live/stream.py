"""One source, for as long as it lasts: connected, lost and connected again. What its pictures and its time become is in timeline.py.

states   loading -> connecting -> live <-> stalled -> offline -> connecting ... -> ended
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Literal

from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.live.address import ENDS, Kind
from pipeline.live.backoff import HEALTHY, Backoff
from pipeline.live.connect import Connection
from pipeline.live.describing import Describing
from pipeline.live.ending import Ending, Unseen, by_error
from pipeline.live.events import Event
from pipeline.live.frames import Frames
from pipeline.live.pieces import Piece
from pipeline.live.plan import Plan
from pipeline.live.timeline import Timeline
from pipeline.live.uncopied import Uncopied
from pipeline.live.wall import Wall
from pipeline.video.live.messages import Copied, Ended, Frame, Opened, Said, Started, Tick
from pipeline.video.live.process import Spares

FIRST_FRAME = 10.0
"""seconds: a connection whose process has started and that gives no picture in them has failed"""
NO_FRAME = 4.7
"""seconds without a picture: the source is lost, and that is told within five"""
LOOK = 0.05
"""seconds between two looks at the clock"""
FINAL = frozenset({"index_at_end"})
"""what no new try would change"""


class Stream:
    def __init__(
        self,
        plan: Plan,
        recipe: Recipe,
        engine: Engine,
        emit: Callable[[Event], None],
        *,
        spares: Spares,
        give: Callable[[Piece], None] = lambda _: None,
        phase: float = 0.0,
        wall: Wall | None = None,
        level_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """``spares``: processes that stand ready for a connection; theirs who made them to close."""
        self.plan, self._recipe, self._engine, self._emit, self._phase = plan, recipe, engine, emit, phase
        self.state, self.reason, self.told = "loading", "", ""
        self.describing = Describing(plan, recipe, engine, self._account, level_up=level_up)
        self.timeline = Timeline(
            plan, self.describing, phase=phase, wall=wall or Wall(), emit=emit, on_state=self._now, give=give
        )
        self.reconnects = self.losses = 0
        self.tick = Tick()
        """what the reading process said of itself last"""
        self.uncopied = Uncopied(plan.name)
        self.shape: dict[str, Any] = {}
        self.connection: Connection | None = None
        self._spares = spares
        self._unseen = Unseen() if plan.address.kind is Kind.GROWING else None
        self._ended: asyncio.Future[Ended] | None = None
        self._reading_since: float | None = None
        """when the process of this connection had started"""
        self._stopped = asyncio.Event()

    async def run(self) -> str:
        """Until the source ends: ``ended``, or ``gave_up``. Raises EnvironmentFault and UsageError: the engine can't go on."""
        self.timeline.start()
        asker = asyncio.create_task(self.describing.run(), name=f"describing {self.plan.name}")
        going = asyncio.create_task(self._connect_for_ever(), name=f"stream {self.plan.name}")
        try:
            await asyncio.wait((asker, going), return_when=asyncio.FIRST_COMPLETED)
            if asker.done():
                await asker
            how = await going
            self.describing.flush()
            idle = asyncio.create_task(self.describing.idle.wait())
            await asyncio.wait((asker, idle), return_when=asyncio.FIRST_COMPLETED)
            idle.cancel()
            if asker.done():
                await asker
            self._say("source", state="ended", reason=self.reason or how)
            return how
        finally:
            for task in (asker, going):
                task.cancel()
            await asyncio.gather(asker, going, return_exceptions=True)

    def stop(self) -> None:
        """End it as if the source had ended."""
        self._stopped.set()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(Ended(code="ended", message="stopped"))

    async def _connect_for_ever(self) -> str:
        backoff, lost_at = Backoff(listens=self.plan.accept), time.monotonic()
        last = Ending(self.plan.address, self.plan.idle_end)
        while True:
            self._set("connecting")
            begun = time.monotonic()
            try:
                ending = await self._one_connection()
            except Exception as error:
                ending = by_error(self.plan.name, error)
            code, told = ending.code, ending.message
            had_frames, healthy = self.timeline.frames is not None, time.monotonic() - begun > HEALTHY
            self.timeline.close_epoch()
            if self._stopped.is_set():
                return "ended"
            over = last.words(ended=code == "ended", seen=self.timeline.epoch > 0) if code not in ("again", "over") else ""
            if code == "over" or (code == "ended" and self.plan.address.kind in ENDS):
                if self.timeline.epoch:
                    return "ended"
                code, over = "no_frame", over or "it ended"
                told = "there was no picture in it"
            if code in FINAL or over:
                self.reason = code
                self._set("offline", code, "; ".join(filter(None, (told, over))))
                self.timeline.settle_offline(code)
                return "ended" if self.timeline.epoch else "gave_up"
            if code == "again":
                self._unseen = self._unseen and Unseen()
                self._say("discontinuity", reason="source", message=told)
                continue
            if had_frames:
                self.losses += 1
                lost_at = time.monotonic()
            if healthy and had_frames:
                backoff.healthy()
            wait = backoff.failed(code, time.monotonic() - lost_at)
            self._set("offline", "source_lost" if code == "ended" else code, told, next_try=wait, tries=backoff.tries)
            if self.plan.give_up is not None and time.monotonic() - lost_at + wait > self.plan.give_up:
                await asyncio.sleep(max(0.0, min(wait, self.plan.give_up - (time.monotonic() - lost_at))))
                self.reason = code
                self.timeline.settle_offline(self.reason or "offline")
                return "gave_up"
            await self._sleep(wait)
            if self._stopped.is_set():
                self.timeline.settle_offline(self.reason or "offline")
                return "ended"
            self.reconnects += 1

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def _one_connection(self) -> Ended:
        """From opening to the loss. Answers what the process said last."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self.timeline.connect()
        memory = self.connection.memory if self.connection is not None else None
        phase = self._phase % (1 / self.plan.fps)
        self.connection = Connection(self.plan, self._spares, phase=phase, on_message=self._hear, memory=memory)
        self._reading_since = None
        if self._unseen is not None:
            self._unseen.connect()
        try:
            while not self._ended.done():
                await asyncio.wait((self._ended,), timeout=LOOK)
                now = time.monotonic()
                if self.timeline.frames is None:
                    hold = self.connection.hold  # known better when the first of a playlist is there
                    patience = max(FIRST_FRAME, 2 * hold + 8.0 if hold else 0.0)
                    since = self._reading_since  # a process that is still loading is waited for by its feed
                    if not self.plan.accept and since is not None and now - since > patience:
                        return Ended(code="no_frame", message=f"no picture within {patience:.0f} s")
                    continue
                if self._unseen is None and not self.connection.whole:  # nothing of a file is lost, however late it is there
                    self.timeline.expire(now)
                silent = now - self.timeline.pace.last
                if silent > max(NO_FRAME, 3 * self._between(), self.connection.hold):
                    return Ended(code="no_frame", message=f"no picture for {silent:.1f} s")
            return self._ended.result()
        finally:
            await self.connection.close()

    def _between(self) -> float:
        """Seconds between two pictures, as they are decoded now."""
        return max(self.timeline.pace.step, self.tick.keyframes if self.tick.skipping == "NONKEY" else 0.0)

    def _hear(self, message: Said) -> None:
        connection = self.connection
        if connection is None:
            return
        self.uncopied.heard(message)
        match message:
            case Frame():
                if (new := self._unseen.frame(message) if self._unseen is not None else message) is None:
                    self.timeline.pace.last = time.monotonic()
                else:
                    self.timeline.frame(new, connection, self.reason)
            case Started() if self._reading_since is None:
                self._reading_since = time.monotonic()
            case Opened(size=size):
                self.shape = asdict(message)
                size = self._recipe.size.of(*size)
                slots = round(self.plan.fps * max(self.plan.max_window, self.plan.window) * 1.25) + 8
                self.timeline.open(Frames(connection.feed.give_ring(size, slots), slots))
            case Copied() if self._unseen is None or self._unseen.piece(message) is not None:
                self.timeline.copied(message)
            case Tick():
                self.tick = message
            case Ended() if self._ended is not None and not self._ended.done():
                self._ended.set_result(message)

    def _set(self, state: str, reason: str = "", message: str = "", **more: Any) -> None:
        self.state, self.reason, self.told = state, reason, message or self.told
        told = {"reason": reason} if reason else {}
        self._say("source", state=state, **told, **({"message": message} if message else {}), **more)

    def _say(self, event: str, **more: Any) -> None:
        self._emit({"event": event, "stream": self.plan.name, "epoch": self.timeline.epoch, "time": self.timeline.clock, **more})

    def _now(self, state: Literal["live", "stalled"]) -> None:
        if state == "live" and self.state != "live":
            self._set("live")
        elif state == "stalled" and self.state == "live":
            self._set("stalled", "no_frame")

    def clock_moved(self, seconds: float) -> None:
        """Our own wall clock was set."""
        self.timeline.clock_moved(seconds)

    def _account(self, kind: str, start: float, end: float, **more: Any) -> None:
        self.timeline.account(kind, start, end, **more)

    def heartbeat(self) -> None:
        """Say how it goes; and see that a lost source would be read again at once."""
        if self.state == "live" and self.connection is not None:
            self.connection.prepare_next()
        self._say(
            "heartbeat",
            state=self.state,
            level=self.describing.controller.level,
            load=self.describing.controller.load,
            seconds={kind: float(seconds) for kind, seconds in self.timeline.ledger.seconds.items()},
            skipping=self.tick.skipping,
            lag=self.tick.lag,
        )
