"""One stream's time and its describing on a clock that jumps, with a camera that is told when to send."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from live_runs import RECIPE

from models.engines.echo import EchoCaptioner
from pipeline.engine.engine import Engine
from pipeline.live.describing import Describing
from pipeline.live.events import Event
from pipeline.live.frames import Frames
from pipeline.live.plan import Plan
from pipeline.live.stream import LOOK
from pipeline.live.timeline import Timeline
from pipeline.live.wall import Wall
from pipeline.video.live.messages import Frame

STEP = 0.5
"""seconds between two pictures"""
TOLD = ("caption", "unchanged", "gap", "offline")


class Ring:
    size = (32, 18)

    def take(self, serial: int, out: np.ndarray[Any, Any]) -> bool:
        out[:] = serial % 255
        return True


class Camera:
    """A stream's time and its describing, on a camera that is told when to send."""

    def __init__(self, plan: Plan, captioner: EchoCaptioner | Engine) -> None:
        self.events: list[Event] = []
        self.levels: list[tuple[float, int]] = []
        self._loop = asyncio.get_running_loop()
        self.engine = captioner if isinstance(captioner, Engine) else Engine(captioner)
        self.describing = Describing(plan, RECIPE, self.engine, self._account, level_up=lambda: False)
        wall = Wall(self._loop.time, self._loop.time)
        self.timeline = Timeline(
            plan, self.describing, phase=0.0, wall=wall, emit=self.events.append, on_state=lambda state: None
        )
        self.timeline.start()
        self._asking = asyncio.create_task(self.describing.run())
        self._connection: Any = SimpleNamespace(hold=0.0, taken_at=lambda raw: None)
        self._serial = 0

    def _account(self, kind: str, start: float, end: float, **more: Any) -> None:
        self.timeline.account(kind, start, end, **more)

    def connect(self) -> None:
        self.timeline.connect()
        self.timeline.open(Frames(Ring(), 200))  # type: ignore[arg-type]
        self._begin = self._loop.time()

    async def send(self, seconds: float, ahead: float | None = None) -> None:
        """Pictures for so long. ``ahead``: by how much the camera's clock is ahead of ours, where it tells the time."""
        for _ in range(round(seconds / STEP)):
            self.give(self._loop.time() - self._begin, ahead)
            await asyncio.sleep(STEP)

    def give(self, media: float, ahead: float | None = None) -> None:
        """A picture of this time of the media comes now."""
        self._serial += 1
        now = self._loop.time()
        self.timeline.frame(
            Frame(
                serial=self._serial, time=media, seen=media, arrival=now, epoch=0, begin=(0.0, self._begin), raw=media,
                utc=None if ahead is None else now + ahead, report=None if ahead is None else self._serial,
            ),
            self._connection, "",
        )  # fmt: skip
        self.timeline.expire(now)
        self.levels.append((self.timeline.clock, self.describing.controller.level))

    async def wait(self, seconds: float) -> None:
        """Nothing comes, and the clock is looked at."""
        for _ in range(round(seconds / LOOK)):
            await asyncio.sleep(LOOK)
            self.timeline.expire(self._loop.time())

    async def lose(self, seconds: float) -> None:
        """No picture, and after that another connection."""
        await asyncio.sleep(seconds)
        self.timeline.close_epoch()
        self.connect()

    async def end(self) -> None:
        self.timeline.close_epoch()
        self.describing.flush()
        await self.describing.idle.wait()
        self._asking.cancel()
        await asyncio.gather(self._asking, return_exceptions=True)
        await self.engine.close()

    def whole(self) -> None:
        """Up to the last picture all was told of, once and in order."""
        told = [event for event in self.events if event["event"] in TOLD]
        assert told[0]["start"] == 0.0
        assert all(before["end"] == pytest.approx(after["start"], abs=1e-6) for before, after in pairwise(told))
        ledger = self.timeline.ledger
        assert ledger.waiting == 0
        assert sum(ledger.seconds.values()) == pytest.approx(told[-1]["end"], abs=1e-6)
        assert told[-1]["end"] == pytest.approx(self.timeline.pace.end, abs=1e-6)
