"""A fault of ours in one window, connection, output or stream is told with its traceback, and the others go on."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any

import clock_loop
import pytest
from accidents import ACCIDENTS, breaks, code_of
from clock_camera import Camera
from live_runs import RECIPE, Told

from models.engines.echo import EchoCaptioner
from pipeline.engine.engine import Engine
from pipeline.live import describing
from pipeline.live.address import understand
from pipeline.live.connect import Connection
from pipeline.live.outputs.base import Output
from pipeline.live.plan import Plan
from pipeline.live.station import Station

STEPS: dict[str, tuple[Any, str]] = {
    "pictures chosen": (describing, "evenly"),
    "prepared": (describing.Describing, "_prepare"),
    "asked for": (describing, "request_for"),
    "asked": (Engine, "ask"),
    "level": (describing.Describing, "_answered"),
    "guarded": (describing, "guard"),
    "kept": (describing, "Window"),
}


def plan(**more: Any) -> Plan:
    return Plan(name="cam", address=understand("-"), **{"skip_static": False, "previous": 0, **more})


def traces(caplog: pytest.LogCaptureFixture) -> list[str]:
    return sorted(
        repr(record.msg["exc_info"]) for record in caplog.records if isinstance(record.msg, dict) and "exc_info" in record.msg
    )


@pytest.mark.parametrize("step", STEPS)
def test_an_accident_at_any_step_of_a_window_is_a_gap(
    step: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner, name = STEPS[step]

    async def main() -> Camera:
        camera = Camera(plan(window=1.0), EchoCaptioner())
        await camera.engine.warm()
        camera.connect()
        await camera.send(6)
        await camera.end()
        return camera

    monkeypatch.setattr(owner, name, breaks(getattr(owner, name), [*ACCIDENTS]))
    camera = clock_loop.run(main())
    camera.whole()
    gaps = [event for event in camera.events if event["event"] == "gap"]
    assert [event["reason"] for event in gaps] == list(map(code_of, reversed(ACCIDENTS)))
    assert len([event for event in camera.events if event["event"] == "caption"]) >= 3, "the next windows are described"
    assert traces(caplog) == sorted(map(repr, ACCIDENTS))


class Station1(Station):
    """One whose streams are told to end by themselves."""

    def __init__(self, *streams: Any) -> None:
        super().__init__([], RECIPE, Engine(EchoCaptioner()))
        self.streams = list(streams)


def stream(name: str, error: Exception | None = None) -> Any:
    async def run() -> str:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        await asyncio.sleep(0.01)
        return "ended"

    return SimpleNamespace(plan=plan(), run=run, reason="", told="", heartbeat=lambda: None, name=name)


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
async def test_an_accident_of_a_stream_ends_no_other(accident: Exception, caplog: pytest.LogCaptureFixture) -> None:
    broken, good = stream("broken", accident), stream("good")
    broken.plan = Plan(name="broken", address=understand("-"))
    assert await Station1(broken, good).run() == {"broken": "gave_up", "cam": "ended"}
    assert broken.reason == code_of(accident)
    assert traces(caplog) == [repr(accident)]


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
async def test_an_accident_of_an_output_costs_no_other(accident: Exception, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Output):
        def offer(self, event: Any) -> None:
            raise accident

        def picture(self, piece: Any) -> None:
            raise accident

        async def close(self) -> None:
            raise accident

    closed: list[str] = []

    class Kept(Told):
        async def close(self) -> None:
            closed.append(self.name)

    station, told = Station1(stream("cam")), Kept()
    station.outputs += [Broken(), told]
    for number in range(3):
        station.emit({"event": "caption", "id": number})
        station.give(None)  # type: ignore[arg-type]
    assert await station.run() == {"cam": "ended"}
    assert ([event["id"] for event in told.events], closed) == ([0, 1, 2], ["told"])
    assert traces(caplog) == [repr(accident)], "once, not at each event"


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
def test_an_accident_of_a_connection_is_a_loss(
    accident: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another is made."""
    stations = list[Station]()

    def connection(*_: object, **__: object) -> Any:
        if len(traces(caplog)) == 2:
            stations[0].stop()
        raise accident

    async def main() -> Told:
        stations.append(
            Station([Plan(name="cam", address=understand("rtsp://camera.test/stream"))], RECIPE, Engine(EchoCaptioner()))
        )
        stations[0].outputs.append(told := Told())
        assert await stations[0].run() == {"cam": "ended"}
        return told

    monkeypatch.setattr("pipeline.live.stream.Connection", connection)
    told = clock_loop.run(main())
    assert {event["reason"] for event in told.of("source", state="offline")} == {code_of(accident)}
    assert traces(caplog) == [repr(accident)] * 3


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
async def test_an_accident_of_what_feeds_a_connection_is_its_verdict(
    accident: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(_: int) -> Any:
        raise accident

    connection = Connection.__new__(Connection)
    connection.feeder, connection._name = SimpleNamespace(run=run), "cam"  # type: ignore[assignment]
    verdict = await connection._feed(os.open(os.devnull, os.O_WRONLY))
    assert verdict.code == code_of(accident)
    assert traces(caplog) == [repr(accident)]


async def test_an_accident_of_one_heartbeat_costs_no_other_stream_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those after it said nothing any more, and were not told that the clock was set."""
    told, enough = list[str](), asyncio.Event()

    def broken() -> None:
        told.append("accident")
        if told.count("accident") == 3:
            enough.set()
        raise ZeroDivisionError("an accident")

    streams = [stream("broken"), stream("good")]
    for one, beat in zip(streams, (broken, lambda: told.append("beat")), strict=True):
        one.run, one.heartbeat, one.clock_moved = enough.wait, beat, lambda seconds: told.append(f"set by {seconds}")
    monkeypatch.setattr("pipeline.live.station.HEARTBEAT", 0.001)
    station, moved = Station1(*streams), iter((7.0, *[0.0] * 10_000))
    monkeypatch.setattr(station.wall, "look", lambda: next(moved))
    await station.run()
    assert told[:6] == ["set by 7.0", "accident", "set by 7.0", "beat", "accident", "beat"]
    assert len(traces(caplog)) == 1, "once, not at each beat"
