"""From a window that waits to an event: pictures out of the ring, compared, asked about, told. One at a time for each stream.

mailbox -> frames -> looks the same?  -> unchanged
                  -> engine (priority live, deadline) -> caption, or a gap that says why
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.accident import failure
from pipeline.captioning.answers import guard
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.unchanged import looks_like
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.errors import DeadlinePassed, EnvironmentFault, RequestError, UsageError
from pipeline.frames import FrameBatch, Image
from pipeline.live.asking import Before, request_for, says_unchanged
from pipeline.live.control import Allowance, Controller
from pipeline.live.frames import Frames, Known, evenly
from pipeline.live.mailbox import EPSILON, Mailbox, Waiting, together
from pipeline.live.plan import Plan
from pipeline.types import Outcome, Window

if TYPE_CHECKING:
    from pipeline.live.utc import UtcClock

Tell = Callable[..., None]
"""``tell(kind, start, end, **fields)``: a stretch of the stream is accounted for"""


class Describing:
    """The part of a stream that asks. ``frames`` and ``utc`` are those of the connection, exchanged with it."""

    def __init__(self, plan: Plan, recipe: Recipe, engine: Engine, tell: Tell, *, level_up: Callable[[], bool]) -> None:
        """``level_up``: whether another stream gave way in place of this one."""
        self.plan, self._recipe, self._engine, self._tell, self._level_up = plan, recipe, engine, tell, level_up
        self.controller = Controller(seconds=plan.window, frames=plan.frames, longest=plan.max_window)
        self.mailbox = Mailbox(max(plan.max_window, plan.window))
        self.frames: Frames | None = None
        self.utc: UtcClock | None = None
        self.closed_at: dict[float, float] = {}
        self.flushing = False
        """what waits is asked now, however short: nothing follows it"""
        self.before = Before(plan.previous)
        self._like: Window | None = None
        """the window that was described last"""
        self._wake, self.idle = asyncio.Event(), asyncio.Event()
        self.asked = 0
        self._took: float | None = None
        """seconds of the last answer"""
        self._told = False
        """whether the window that is described now is settled"""

    def offer(self, start: float, end: float) -> None:
        """A window has closed."""
        for lost in self.mailbox.put((start, end)):
            self.before.forget()
            self._tell("gap", *lost, reason=self._reason(), level=self.controller.level)
        self.idle.clear()
        self.closed_at[end] = time.monotonic()
        while len(self.closed_at) > 100:
            del self.closed_at[next(iter(self.closed_at))]
        self._wake.set()

    def flush(self, flushing: bool = True) -> None:
        self.flushing = flushing
        self._wake.set()

    def forget(self) -> None:
        """What was said and seen before means nothing any more: a loss, a jump."""
        self.before.forget()
        self._like = None

    @property
    def shown(self) -> Image | None:
        """The last picture of the window that was described last."""
        return None if self._like is None else self._like.frames.data[-1]

    async def run(self) -> None:
        """For ever. Raises EnvironmentFault and UsageError: the engine can't go on."""
        while True:
            allowance = self.controller.allowance()
            # the first window after a loss is short, and asked about as it is: only a level that wants wider ones waits for more
            wished = allowance.seconds if allowance.seconds > self.plan.window and not self.flushing else 0.0
            ready = self.mailbox.seconds > max(0.0, wished - EPSILON)
            if not ready:
                if not self.mailbox.seconds:
                    self.idle.set()
                self._wake.clear()
                await self._wake.wait()
                continue
            wide = allowance.seconds > self.plan.window
            waiting = self.mailbox.take(None if wide else together(len(self.mailbox), self._took, self.plan.window))
            if waiting is None:
                continue
            self._told = False
            try:
                await self._describe(waiting, allowance)
            except (EnvironmentFault, UsageError):
                raise
            except Exception as error:  # this window's: the next is asked about
                wrong = failure(Path(self.plan.name), error)
                self.forget()
                if not self._told:
                    self._account("gap", waiting.start, waiting.end, reason=wrong.code, level=allowance.level)

    def _account(self, kind: str, start: float, end: float, **more: Any) -> None:
        """The window that is described now is settled."""
        self._told = True
        self._tell(kind, start, end, **more)

    async def _describe(self, waiting: Waiting, allowance: Allowance) -> None:
        taken = time.monotonic()
        start, end = waiting.start, waiting.end
        frames, utc = self.frames, self.utc
        chosen = evenly(frames.within(start, end), allowance.frames) if frames is not None else []
        if frames is None or utc is None:
            self._account("gap", start, end, reason="no_frame", level=allowance.level)
            return
        batch, there, same = await asyncio.to_thread(self._prepare, frames, chosen, start)
        if not there:
            self._account("gap", start, end, reason="overwritten", level=allowance.level)
            return
        if same:
            self._account("unchanged", start, end, frames=len(there), level=allowance.level, _last=there[-1])
            return
        before = self.before.at(start)
        request = request_for(batch, end - start, self._recipe, words=allowance.words, before=before, prompt=self.plan.prompt)
        self.asked += 1
        asked = time.monotonic()
        deadline = asyncio.get_running_loop().time() + self.plan.seconds_to_answer(allowance.seconds)
        try:
            reply = await self._engine.ask(request, priority=Priority.LIVE, deadline=deadline, owner=self.plan.name)
        except DeadlinePassed:
            self.before.forget()
            self._took = self.plan.seconds_to_answer(allowance.seconds)
            if not self._level_up():
                self.controller.missed()
            self._account("gap", start, end, reason=self._reason(), level=allowance.level)
            return
        except RequestError as error:
            self.before.forget()
            self._account("gap", start, end, reason=error.code, level=allowance.level)
            return
        answered = time.monotonic()
        self._answered(answered - asked)
        text, outcome = guard(reply.text, cut_off=reply.finish == "length")
        self._like = Window(index=0, start=start, end=end, frames=batch)
        if before and says_unchanged(text):
            self._account("unchanged", start, end, frames=len(there), level=allowance.level, _last=there[-1])
            return
        if outcome in (Outcome.OK, Outcome.TRUNCATED):
            self.before.said(text, start)
        else:
            self.before.forget()
        closed = self.closed_at.get(end, taken)
        self._account(
            "caption", start, end, text=text, outcome=outcome.value, level=allowance.level, frames=len(there),
            merged=waiting.merged, tokens=reply.completion_tokens,
            _last=there[-1], _parts=_parts(there[-1], closed, taken, asked, answered),
        )  # fmt: skip

    def _answered(self, engine: float) -> None:
        self._took = engine
        level = self.controller.level
        if self.controller.answered(engine) > level and self._level_up():
            self.controller.level = level

    def _prepare(self, frames: Frames, chosen: list[Known], start: float) -> tuple[FrameBatch, list[Known], bool]:
        """The pictures, and whether they look like those before; on a thread, since it takes some 50 ms."""
        batch, there = frames.copy(chosen, start)
        return batch, there, bool(there) and self.plan.skip_static and self._unchanged(batch)

    def _unchanged(self, batch: FrameBatch) -> bool:
        """Whether the pictures look like those that were described last; as many of each are compared as there are in both."""
        if self._like is None:
            return False
        count = min(len(batch), len(self._like.frames))
        ours, theirs = _some(batch, count), _some(self._like.frames, count)
        return looks_like(replace(self._like, frames=ours), replace(self._like, frames=theirs))

    def _reason(self) -> str:
        return "engine_slow" if self._engine.ready else "engine_down"


def _some(batch: FrameBatch, count: int) -> FrameBatch:
    if len(batch) == count:
        return batch
    places = [round((n + 1) * len(batch) / count) - 1 for n in range(count)]
    return FrameBatch(
        data=batch.data[places], times=tuple(batch.times[n] for n in places), indices=tuple(batch.indices[n] for n in places)
    )


def _parts(last: Known, closed: float, taken: float, asked: float, answered: float) -> dict[str, Any]:
    """Seconds by part, from the arrival of the last picture to the answer."""
    return {
        "close": max(0.0, closed - last.arrival),
        "wait": max(0.0, taken - closed),
        "prepare": asked - taken,
        "engine": answered - asked,
    }
