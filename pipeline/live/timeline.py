"""The time of one stream: its pictures become windows, and every second is a caption, unchanged, a gap or offline.

clock    0 ---- epoch 1 ----|  offline  |---- epoch 2 ----            seconds since the command began; an epoch keeps the media's
                                                                      own rate from its first picture on
"""

import time
from collections.abc import Callable
from typing import Any, Literal

from pipeline.live import events
from pipeline.live.connect import Connection
from pipeline.live.describing import Describing
from pipeline.live.events import Event
from pipeline.live.frames import Frames, Known
from pipeline.live.ledger import Ledger
from pipeline.live.pace import Pace
from pipeline.live.pieces import Anchor, Piece, Pieces
from pipeline.live.plan import Plan
from pipeline.live.utc import Forward, Origin, UtcClock
from pipeline.live.wall import Wall
from pipeline.live.windows import Windows
from pipeline.video.live.messages import Copied, Frame

LATE = 2.0
"""seconds for which pictures come that are older than what is accounted for; then a new epoch begins"""


class Timeline:
    """All methods belong to one event loop."""

    def __init__(
        self,
        plan: Plan,
        describing: Describing,
        *,
        phase: float,
        wall: Wall,
        emit: Callable[[Event], None],
        on_state: Callable[[Literal["live", "stalled"]], None],
        give: Callable[[Piece], None] = lambda _: None,
    ) -> None:
        """``describing`` is offered the windows; ``phase``: by how many seconds they are moved, so that streams take turns.
        ``on_state`` hears of each picture that counts, and of each window that had to be closed without.
        ``give`` gets the pieces of the stream as it came, where it is copied."""
        self._give, self._pieces = give, Pieces(plan.name)
        self._plan, self._describing, self._wall, self._emit, self._on_state = plan, describing, wall, emit, on_state
        self.epoch = 0
        self.ledger = Ledger()
        self.late = 0
        self.utc = UtcClock(plan.max_skew)
        self._told, self._given = Forward(), Forward()
        """UTC of what is told and of the pieces, where arrival alone says it"""
        self.frames: Frames | None = None
        """those of the connection; None until it has shown the size of its pictures"""
        self.pace = Pace()
        self._started = 0.0
        self._settled = 0.0
        """all before it is in a window, a gap or offline"""
        self._windows = Windows(plan.window, phase)
        self._anchor: tuple[float, float] = (0.0, 0.0)
        """stream time and media time of the epoch's first picture"""
        self._media_epoch = -1
        self._late_since: float | None = None
        self._captions = 0
        self._hold, self._reason = 0.0, ""

    def start(self) -> None:
        """Time 0 is now."""
        self._started = time.monotonic()

    def connect(self) -> None:
        """A new connection is made: nothing of the one before is known of it."""
        self.frames, self._media_epoch, self.pace, self._pieces = None, -1, Pace(), Pieces(self._plan.name)

    def open(self, frames: Frames) -> None:
        """The connection has shown what it is."""
        self.frames = self._describing.frames = frames
        self.pace.last = time.monotonic()

    @property
    def clock(self) -> float:
        """Seconds since it began, by our clock."""
        return time.monotonic() - self._started

    def stream_time(self, media: float) -> float:
        """Seconds since it began of a time of the media."""
        return media - self._anchor[1] + self._anchor[0]

    def frame(self, message: Frame, connection: Connection, reason: str) -> None:
        """A picture came. ``reason``: why there was no source before it, where there was none."""
        if self.frames is None:
            return
        self._hold, self._reason = connection.hold, reason
        arrival, media = message.arrival, message.time
        if message.epoch != self._media_epoch:
            self._begin_epoch(message.epoch, *message.begin)
        time_ = self.stream_time(media)
        self.pace.came(arrival, time_)
        self._date(message, connection, time_, arrival)
        edge = self._windows.edge
        if edge is not None and time_ < edge - 1e-6:
            self.late += 1
            self._late_since = arrival if self._late_since is None else self._late_since
            if arrival - self._late_since < LATE:
                return
            self.close_epoch()
            self._begin_epoch(message.epoch, media, arrival, reason="late")
            time_ = self.stream_time(media)
        self._late_since = None
        self._on_state("live")
        self.frames.add(Known(serial=message.serial, time=time_, media=media, arrival=arrival))
        for span in self._windows.reach(self.stream_time(message.seen)):
            self._closed(*span)

    def copied(self, told: Copied) -> None:
        """A piece of the stream as it came."""
        placed = self._pieces.place(told)
        if placed is None:
            return
        _, start, end = placed
        if (piece := self._pieces.piece(told, *placed, self._utc_of(start, end, self._given)[0])) is not None:
            self._give(piece)

    def _begin_epoch(self, media_epoch: int, media: float, arrival: float, reason: str = "jump") -> None:
        if self._windows.edge is not None:
            self.close_epoch()
        again = self._media_epoch >= 0
        self._media_epoch = media_epoch
        self.epoch += 1
        start = max(self._settled, arrival - self._started)
        if start > self._settled + 1e-6:
            if again:
                self.account("gap", self._settled, start, reason="discontinuity", level=self._describing.controller.level)
            else:
                self.account("offline", self._settled, start, reason=self._reason or "connecting")
        self._settled = start
        if again:
            self._say("discontinuity", reason=reason)
        self._anchor = (start, media)
        self.utc = UtcClock(self._plan.max_skew + 3 * self._hold)
        self.utc.arrived(start, self._wall.utc(arrival))  # pieces that waited for the epoch are dated now
        self._describing.utc = self.utc
        self._describing.forget()
        self._describing.flush(False)
        self.pace.begin()
        self._windows.begin(start, arrival)
        for told in self._pieces.anchor(media_epoch, Anchor(self.epoch, start, media)):
            self.copied(told)

    def close_epoch(self) -> None:
        """The epoch is over: what is open is closed where its last picture ends."""
        if self._windows.edge is None:
            return
        for span in self._windows.finish(max(self._windows.edge, self.pace.end)):
            self._closed(*span)
        self._describing.flush()

    def settle_offline(self, reason: str) -> None:
        """Account for the time up to now in which there was no source."""
        if self.clock > self._settled:
            self.account("offline", self._settled, self.clock, reason=reason)
            self._settled = self.clock

    def expire(self, now: float) -> None:
        """Close windows by the clock, where their pictures don't come.

        None that has not gone by: of a stream that came faster than it was made the rest may be as quick, or wait a moment.
        """
        while (end := self._overdue(now)) is not None:
            self._on_state("stalled")
            for span in self._windows.reach(end):
                self._closed(*span)

    def _overdue(self, now: float) -> float | None:
        """The end of the open window, where the pictures up to it should have come by now, and have not."""
        end = self._windows.end
        gone_by = self._windows.edge is not None and now - self._started >= end
        return end if gone_by and self.pace.overdue(now, end) else None

    def _closed(self, start: float, end: float) -> None:
        self._settled = end
        if self.frames is None or not self.frames.within(start, end):
            self.account("gap", start, end, reason="no_frame", level=self._describing.controller.level)
            return
        self._describing.offer(start, end)

    def _date(self, message: Frame, connection: Connection, time_: float, arrival: float) -> None:
        """Keep the epoch's UTC."""
        self.utc.arrived(time_, self._wall.utc(arrival))
        step = None
        if message.utc is not None:
            step = self.utc.report(message.report, time_, message.utc, "rtcp")
        elif (told := connection.taken_at(message.raw)) is not None:
            step = self.utc.report(told[1], time_, told[0], "pdt")
        if step is not None:
            self._say("clock_step", seconds=step.seconds, whose="source")

    def _utc_of(self, start: float, end: float, forward: Forward) -> tuple[float, float, Origin]:
        """When a stretch began and ended, in seconds since 1970, and who says so."""
        began, origin = self.utc.at(start)
        if origin != "arrival":
            return began, began + end - start, origin
        return *forward.span(began, end - start, self._wall.utc(time.monotonic())), origin

    def clock_moved(self, seconds: float) -> None:
        """Our own wall clock was set."""
        self.utc.reset()
        self._told, self._given = Forward(), Forward()
        self._say("clock_step", seconds=seconds, whose="ours")

    def account(self, kind: str, start: float, end: float, **more: Any) -> None:
        """A stretch of the stream is settled: a caption, unchanged, a gap or offline."""
        last: Known | None = more.pop("_last", None)
        parts = more.pop("_parts", None)
        event = events.stretch(kind, self._plan.name, self.epoch, start, end)
        if kind in ("caption", "unchanged"):
            began, ended, origin = self._utc_of(start, end, self._told)
            event |= {"utc_start": events.utc(began), "utc_end": events.utc(ended), "clock": origin}
        if kind == "caption":
            self._captions += 1
            event = {"event": kind, "stream": self._plan.name, "id": self._captions, **event}
        event |= more
        if last is not None and kind == "caption" and parts is not None:
            now = time.monotonic()
            arrived = self._wall.utc(last.arrival)
            taken = min(self.utc.at(last.time)[0], arrived)  # a camera whose clock is ahead of ours took no picture after it came
            glass = self._wall.utc(now) - taken
            transport = max(0.0, arrived - taken)
            emit = max(0.0, glass - transport - sum(parts.values()))
            event["latency"] = {"glass_to_text": glass, "transport": transport, **parts, "emit": emit}
        for given in self.ledger.tell(event):
            self._emit(given)

    def _say(self, event: str, **more: Any) -> None:
        self._emit({"event": event, "stream": self._plan.name, "epoch": self.epoch, "time": self.clock, **more})
