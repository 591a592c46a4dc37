"""One stream's time on a clock that jumps: whatever the engine and the camera do, each second is told of once, to the picture."""

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import clock_loop
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_runs import RECIPE

from models.engines.echo import EchoCaptioner
from pipeline.engine.engine import Engine
from pipeline.live.address import understand
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

    def __init__(self, plan: Plan, captioner: EchoCaptioner) -> None:
        self.events: list[Event] = []
        self.levels: list[tuple[float, int]] = []
        self._loop = asyncio.get_running_loop()
        self.engine = Engine(captioner)
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


def plan(**more: Any) -> Plan:
    return Plan(name="cam", address=understand("-"), **{"skip_static": False, **more})


def test_an_engine_ten_times_too_slow_for_a_minute() -> None:
    """Windows of 4 s, answers in 40 s: given way to with the second question, described meanwhile, level 0 within a minute after."""

    async def main() -> Camera:
        captioner = EchoCaptioner(delay=0.4)
        camera = Camera(plan(), captioner)
        await camera.engine.warm()
        camera.connect()
        for delay, seconds in ((0.4, 60), (40.0, 60), (0.4, 120)):
            captioner._delay = delay
            await camera.send(seconds)
        await camera.end()
        return camera

    camera = clock_loop.run(main())
    camera.whole()
    captions = [event for event in camera.events if event["event"] == "caption"]
    slow = [event for event in captions if event["latency"]["engine"] > 30]
    assert slow, "no description was finished that the slow engine had begun"
    for event in captions:
        assert event["latency"]["glass_to_text"] - event["latency"]["engine"] <= 30.0, event
        assert event["end"] - event["start"] <= 30.0 + 1e-6
    assert (
        min(moment for moment, level in camera.levels if level >= 4) <= 60 + 40
    )  # two deadlines of 12 s, and what was in flight
    assert {level for moment, level in camera.levels if moment < 60 or moment > 180} == {0}
    # each second: what was not described is said, with its reason
    assert {event["reason"] for event in camera.events if event["event"] == "gap"} <= {"engine_slow"}
    described = sum(event["end"] - event["start"] for event in captions)
    assert described >= 0.75 * 240


@pytest.mark.parametrize("pause", [0.0, 0.7, 3.0])
def test_time_that_has_not_gone_by_is_no_gap(pause: float) -> None:
    """Eight seconds come as quickly as they are read, and the reader stays away for a moment: all of them are described."""

    async def main() -> Camera:
        camera = Camera(plan(window=1.0), EchoCaptioner())
        await camera.engine.warm()
        camera.connect()
        for number in range(17):
            camera.give(number * STEP)
            await camera.wait(pause if number == 10 else 0.05)
        await camera.end()
        return camera

    camera = clock_loop.run(main())
    camera.whole()
    assert camera.timeline.late == 0
    assert camera.timeline.ledger.seconds == {"caption": pytest.approx(8.0), "unchanged": 0, "gap": 0, "offline": 0}


def test_what_comes_at_once_is_described_window_by_window() -> None:
    """A pipe that was full while the model was loaded: six windows of it were described as one."""

    async def main() -> Camera:
        camera = Camera(plan(window=1.0), EchoCaptioner(delay=0.1))
        await camera.engine.warm()
        camera.connect()
        for number in range(17):
            camera.give(number * STEP)
        await camera.end()
        return camera

    camera = clock_loop.run(main())
    camera.whole()
    captions = [event for event in camera.events if event["event"] == "caption"]
    assert len(captions) >= 8
    assert {event["merged"] for event in captions} == {1}


@pytest.mark.parametrize("ahead", [-2.0, 0.0, 0.4, 3.0])
def test_no_description_is_there_before_its_picture(ahead: float) -> None:
    """A camera's clock may be ahead of ours: how late a text is counts from the arrival then, and its parts are the whole."""

    async def main() -> Camera:
        camera = Camera(plan(), EchoCaptioner(delay=0.3))
        await camera.engine.warm()
        camera.connect()
        await camera.send(20, ahead)
        await camera.end()
        return camera

    captions = [event for event in clock_loop.run(main()).events if event["event"] == "caption"]
    assert captions
    for event in captions:
        parts = {name: seconds for name, seconds in event["latency"].items() if name != "glass_to_text"}
        assert event["clock"] == "rtcp"
        assert parts["transport"] == pytest.approx(max(0.0, -ahead), abs=1e-6)
        assert event["latency"]["glass_to_text"] == pytest.approx(sum(parts.values()), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20), st.floats(0.0, 90.0)), min_size=1, max_size=5),
    st.sampled_from([1.0, 4.0, 10.0]),
    st.sampled_from([4.0, 8.0, 30.0]),
)
def test_described_gap_and_offline_are_the_time_that_went_by(
    stretches: list[tuple[int, int, float]], window: float, longest: float
) -> None:
    async def main() -> Camera:
        captioner = EchoCaptioner()
        camera = Camera(plan(window=window, max_window=longest), captioner)
        await camera.engine.warm()
        camera.connect()
        for sends, silent, delay in stretches:
            captioner._delay = delay
            await camera.send(sends)
            if silent:
                await camera.lose(silent)
        await camera.send(2)
        await camera.end()
        return camera

    clock_loop.run(main()).whole()
