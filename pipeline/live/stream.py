"""One source, for as long as it lasts: connected, lost and connected again; its pictures become windows, its time is accounted for.

states   loading -> connecting -> live <-> stalled -> offline -> connecting ... -> ended

clock    0 ---- epoch 1 ----|  offline  |---- epoch 2 ----            seconds since the command began; an epoch keeps the media's
                                                                      own rate from its first picture on
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.errors import InputError
from pipeline.live import events
from pipeline.live.address import ENDS
from pipeline.live.backoff import HEALTHY, Backoff
from pipeline.live.connect import Connection
from pipeline.live.describing import Describing
from pipeline.live.events import Event
from pipeline.live.frames import Frames, Known
from pipeline.live.ledger import Ledger
from pipeline.live.pace import Pace
from pipeline.live.plan import Plan
from pipeline.live.utc import UtcClock
from pipeline.live.wall import Wall
from pipeline.live.windows import Windows

FIRST_FRAME = 10.0
"""seconds: a connection that gives no picture in them has failed"""
NO_FRAME = 5.0
"""seconds without a picture: the source is lost"""
LATE = 2.0
"""seconds for which pictures come that are older than what is accounted for; then a new epoch begins"""
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
        phase: float = 0.0,
        wall: Wall | None = None,
        level_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self.plan, self._recipe, self._engine, self._emit, self._phase = plan, recipe, engine, emit, phase
        self.wall = wall or Wall()
        self.state, self.reason = "loading", ""
        self.epoch = 0
        self.ledger = Ledger()
        self.describing = Describing(plan, recipe, engine, self._account, level_up=level_up)
        self.reconnects = self.losses = self.late = 0
        self.facts: dict[str, Any] = {}
        """what the reading process said of itself last"""
        self.shape: dict[str, Any] = {}
        self.utc = UtcClock(plan.max_skew)
        self.connection: Connection | None = None
        self._started = 0.0
        self._settled = 0.0
        """all before it is in a window, a gap or offline"""
        self._windows = Windows(plan.window, phase)
        self._frames: Frames | None = None
        self._anchor: tuple[float, float] = (0.0, 0.0)
        """stream time and media time of the epoch's first picture"""
        self._media_epoch = -1
        self._pace = Pace()
        self._late_since: float | None = None
        self._ended: asyncio.Future[dict[str, Any]] | None = None
        self._captions = 0
        self._stopped = asyncio.Event()

    @property
    def clock(self) -> float:
        """Seconds since it began, by our clock."""
        return time.monotonic() - self._started

    def stream_time(self, media: float) -> float:
        return media - self._anchor[1] + self._anchor[0]

    async def run(self) -> str:
        """Until the source ends: ``ended``, or ``gave_up``. Raises EnvironmentFault and UsageError: the engine can't go on."""
        self._started = time.monotonic()
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
            self._ended.set_result({"ended": "ended", "message": "stopped"})

    async def _connect_for_ever(self) -> str:
        backoff, lost_at = Backoff(), time.monotonic()
        while True:
            self._set("connecting")
            begun = time.monotonic()
            try:
                ending = await self._one_connection()
            except InputError as error:
                ending = {"ended": error.code, "message": error.message}
            code, told = ending["ended"], ending.get("message", "")
            had_frames, healthy = self._frames is not None, time.monotonic() - begun > HEALTHY
            self._close_epoch()
            if self._stopped.is_set():
                return "ended"
            if code == "over" or (code == "ended" and self.plan.address.kind in ENDS):
                return "ended"
            if code in FINAL:
                self.reason = code
                self._set("offline", code, told)
                return "gave_up"
            if code == "again":
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
                self._settle_offline()
                return "gave_up"
            await self._sleep(wait)
            if self._stopped.is_set():
                self._settle_offline()
                return "ended"
            self.reconnects += 1

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def _one_connection(self) -> dict[str, Any]:
        """From opening to the loss. Answers what the process said last."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._frames, self._media_epoch, self._pace = None, -1, Pace()
        memory = self.connection.memory if self.connection is not None else None
        self.connection = Connection(self.plan, phase=self._phase % (1 / self.plan.fps), on_message=self._hear, memory=memory)
        opened = time.monotonic()
        try:
            while not self._ended.done():
                await asyncio.wait((self._ended,), timeout=LOOK)
                now = time.monotonic()
                if self._frames is None:
                    hold = self.connection.hold  # known better when the first of a playlist is there
                    patience = max(FIRST_FRAME, 2 * hold + 8.0 if hold else 0.0)
                    if not self.plan.accept and now - opened > patience:
                        return {"ended": "no_frame", "message": f"no picture within {patience:.0f} s"}
                    continue
                self._expire(now)
                silent = now - self._pace.last
                if silent > max(NO_FRAME, 3 * self._between(), self.connection.hold):
                    return {"ended": "no_frame", "message": f"no picture for {silent:.1f} s"}
            return self._ended.result()
        finally:
            await self.connection.close()

    def _between(self) -> float:
        """Seconds between two pictures, as they are decoded now."""
        return max(self._pace.step, self.facts.get("keyframes", 0.0) if self.facts.get("skipping") == "NONKEY" else 0.0)

    def _hear(self, message: dict[str, Any]) -> None:
        connection = self.connection
        if connection is None:
            return
        if "frame" in message:
            self._frame(message, connection)
        elif "opened" in message:
            self.shape = message["opened"]
            size = self._recipe.size.of(*self.shape["size"])
            slots = round(self.plan.fps * max(self.plan.max_window, self.plan.window) * 1.25) + 8
            self._frames = Frames(connection.feed.give_ring(size, slots), slots)
            self.describing.frames = self._frames
            self._pace.last = time.monotonic()
        elif "tick" in message:
            self.facts = message["tick"]
        elif "ended" in message and self._ended is not None and not self._ended.done():
            self._ended.set_result(message)

    def _frame(self, message: dict[str, Any], connection: Connection) -> None:
        if self._frames is None:
            return
        arrival, media = message["arrival"], message["time"]
        if message["epoch"] != self._media_epoch:
            self._begin_epoch(message["epoch"], *message["begin"])
        time_ = self.stream_time(media)
        self._pace.came(arrival, time_)
        self._date(message, connection, time_, arrival)
        edge = self._windows.edge
        if edge is not None and time_ < edge - 1e-6:
            self.late += 1
            self._late_since = arrival if self._late_since is None else self._late_since
            if arrival - self._late_since < LATE:
                return
            self._close_epoch()
            self._begin_epoch(message["epoch"], media, arrival, reason="late")
            time_ = self.stream_time(media)
        self._late_since = None
        if self.state != "live":
            self._set("live")
        self._frames.add(Known(serial=message["frame"], time=time_, media=media, arrival=arrival))
        for span in self._windows.reach(self.stream_time(message["seen"])):
            self._closed(*span)

    def _begin_epoch(self, media_epoch: int, media: float, arrival: float, reason: str = "jump") -> None:
        if self._windows.edge is not None:
            self._close_epoch()
        again = self._media_epoch >= 0
        self._media_epoch = media_epoch
        self.epoch += 1
        start = max(self._settled, arrival - self._started)
        if start > self._settled + 1e-6:
            if again:
                self._account("gap", self._settled, start, reason="discontinuity", level=self.describing.controller.level)
            else:
                self._account("offline", self._settled, start, reason=self.reason or "connecting")
        self._settled = start
        if again:
            self._say("discontinuity", reason=reason)
        self._anchor = (start, media)
        self.utc = UtcClock(self.plan.max_skew + (3 * self.connection.hold if self.connection is not None else 0.0))
        self.describing.utc = self.utc
        self.describing.forget()
        self.describing.flush(False)
        self._pace.begin()
        self._windows.begin(start, arrival)

    def _close_epoch(self) -> None:
        """The epoch is over: what is open is closed where its last picture ends."""
        if self._windows.edge is None:
            return
        for span in self._windows.finish(max(self._windows.edge, self._pace.end)):
            self._closed(*span)
        self.describing.flush()

    def _settle_offline(self) -> None:
        """Account for the time up to now in which there was no source."""
        if self.clock > self._settled:
            self._account("offline", self._settled, self.clock, reason=self.reason or "offline")
            self._settled = self.clock

    def _expire(self, now: float) -> None:
        """Close a window by the clock, where its pictures don't come."""
        while self._windows.edge is not None and self._pace.overdue(now, self._windows.end):
            if self.state == "live":
                self._set("stalled", "no_frame")
            for span in self._windows.reach(self._windows.end):
                self._closed(*span)

    def _closed(self, start: float, end: float) -> None:
        self._settled = end
        if self._frames is None or not self._frames.within(start, end):
            self._account("gap", start, end, reason="no_frame", level=self.describing.controller.level)
            return
        self.describing.offer(start, end)

    def _date(self, message: dict[str, Any], connection: Connection, time_: float, arrival: float) -> None:
        """Keep the epoch's UTC."""
        self.utc.arrived(time_, self.wall.utc(arrival))
        step = None
        if message["utc"] is not None:
            step = self.utc.report(message["report"], time_, message["utc"], "rtcp")
        elif (told := connection.taken_at(message["raw"])) is not None:
            step = self.utc.report(told[1], time_, told[0], "pdt")
        if step is not None:
            self._say("clock_step", seconds=step.seconds, whose="source")

    def clock_moved(self, seconds: float) -> None:
        """Our own wall clock was set."""
        self.utc.reset()
        self._say("clock_step", seconds=seconds, whose="ours")

    def _account(self, kind: str, start: float, end: float, **more: Any) -> None:
        last: Known | None = more.pop("_last", None)
        parts = more.pop("_parts", None)
        event = events.stretch(kind, self.plan.name, self.epoch, start, end)
        if kind in ("caption", "unchanged"):
            began, origin = self.utc.at(start)
            event |= {"utc_start": events.utc(began), "utc_end": events.utc(began + end - start), "clock": origin}
        if kind == "caption":
            self._captions += 1
            event = {"event": kind, "stream": self.plan.name, "id": self._captions, **event}
        event |= more
        if last is not None and kind == "caption" and parts is not None:
            taken, _ = self.utc.at(last.time)
            now = time.monotonic()
            arrived = self.wall.utc(last.arrival)
            glass = self.wall.utc(now) - taken
            transport = max(0.0, arrived - taken)
            emit = max(0.0, glass - transport - sum(parts.values()))
            event["latency"] = {"glass_to_text": glass, "transport": transport, **parts, "emit": emit}
        for given in self.ledger.tell(event):
            self._emit(given)

    def _set(self, state: str, reason: str = "", message: str = "", **more: Any) -> None:
        self.state, self.reason = state, reason
        told = {"reason": reason} if reason else {}
        self._say("source", state=state, **told, **({"message": message} if message else {}), **more)

    def _say(self, event: str, **more: Any) -> None:
        self._emit({"event": event, "stream": self.plan.name, "epoch": self.epoch, "time": self.clock, **more})

    def heartbeat(self) -> None:
        self._say(
            "heartbeat",
            state=self.state,
            level=self.describing.controller.level,
            load=self.describing.controller.load,
            seconds={kind: float(seconds) for kind, seconds in self.ledger.seconds.items()},
            skipping=self.facts.get("skipping", ""),
            lag=self.facts.get("lag", 0.0),
        )
