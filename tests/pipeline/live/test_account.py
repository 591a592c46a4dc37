"""One stream's time on a clock that jumps: whatever the engine and the camera do, each second is told of once, to the picture."""

import asyncio
from typing import Any

import clock_loop
import pytest
from clock_camera import STEP, Camera
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import Request
from models.engines.echo import EchoCaptioner
from pipeline.engine.engine import Engine
from pipeline.live.address import understand
from pipeline.live.plan import Plan


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
    clock = [event[name] for event in camera.events if event["event"] == "caption" for name in ("utc_start", "utc_end")]
    assert clock == sorted(clock), "what came at once was not taken when it came, and the clock on the wall never goes back"


class Compiling(EchoCaptioner):
    """Answers nothing for two minutes, as an engine that makes its programs for the first question; then soon, eight at once."""

    async def _words(self, request: Request) -> list[str]:
        await asyncio.sleep(max(0.0, self.until - asyncio.get_running_loop().time()))
        return await super()._words(request)

    until = 0.0


def test_a_first_answer_of_two_minutes_is_no_death() -> None:
    """Eight streams: what waits is given up and told, nothing of it is left in the engine, and nobody takes the engine for dead."""

    async def main() -> list[Camera]:
        captioner = Compiling(delay=0.4)
        engine = Engine(captioner)
        await engine.warm()
        cameras = [Camera(plan(), engine) for _ in range(8)]
        captioner.until = asyncio.get_running_loop().time() + 120
        for camera in cameras:
            camera.connect()
        await asyncio.gather(*(camera.send(300) for camera in cameras))
        await asyncio.gather(*(camera.end() for camera in cameras))
        assert (engine.deaths, engine.in_flight, engine.waiting, captioner._running) == (0, 0, 0, 0)
        return cameras

    for camera in clock_loop.run(main()):
        camera.whole()
        assert {event["reason"] for event in camera.events if event["event"] == "gap"} == {"engine_slow"}
        assert {level for moment, level in camera.levels if moment > 180} == {0}
        described = [event for event in camera.events if event["event"] == "caption"]
        assert described[0]["start"] < 120, "the newest that waited is described as soon as there is an answer"
        assert sum(event["end"] - event["start"] for event in described) > 180


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
