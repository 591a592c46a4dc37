"""What waits for the decoder: of a stream that comes as it happens the late is left out, of a film on standard input nothing."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from patience import comes

from pipeline.live.frames import Frames, Known
from pipeline.video.decode import live_demux
from pipeline.video.decode.live_demux import MOST, ROOM, Arrived, Backlog


class Clock:
    """In place of the module ``time``."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(live_demux, "time", clock)
    return clock


def packet(number: int, given: float, *, epoch: int = 0, keyed: bool = False) -> Arrived:
    """The ``number``-th, of a stream of ten pictures a second."""
    one: Any = SimpleNamespace(size=1, is_keyframe=keyed, number=number)
    return Arrived(one, number / 10, epoch, number / 10, given, given, None, None)


def test_what_comes_as_it_happens_is_late_when_it_has_waited(clock: Clock) -> None:
    backlog = Backlog(1.0)
    backlog.put(packet(0, clock.now))
    clock.now += 3
    assert backlog.lag == 3


def test_what_comes_before_its_time_is_not_late_before_that(clock: Clock) -> None:
    backlog = Backlog(1.0, ahead=True)
    for number in range(100):
        backlog.put(packet(number, clock.now))
    for number in range(100, 150):  # another sender behind it: its stamps begin anew
        backlog.put(packet(number - 100, clock.now, epoch=1))
    clock.now += 3
    assert backlog.lag == 3, "slower than the stream was made, that is"
    for _ in range(31):
        backlog.take(0)
    assert backlog.lag == 0
    clock.now += 5
    assert backlog.lag == pytest.approx(4.9)
    for _ in range(69):
        backlog.take(0)
    assert backlog.lag == 8, "of the second one the first"


def test_a_film_is_never_late_and_waits_outside(clock: Clock) -> None:
    backlog, count = Backlog(1.0, whole=True), 3 * MOST
    sender = threading.Thread(
        target=lambda: [backlog.put(packet(number, clock.now, keyed=not number % 10)) for number in range(count)]
    )
    sender.start()
    assert comes(lambda: len(backlog._waiting) == ROOM)
    clock.now += 1000
    assert backlog.lag == 0
    came = [backlog.take(1.0) for _ in range(count)]
    sender.join()
    assert [one.packet.number for one in came if one is not None] == list(range(count))
    assert backlog.dropped == 0


def test_a_sender_that_is_not_ahead_is_not_held_up(clock: Clock) -> None:
    backlog = Backlog(1.0, ahead=True)
    clock.now += 10_000
    for number in range(MOST + 10):
        backlog.put(packet(number, clock.now - 9_000 + number / 10, keyed=not number % 10))
    assert backlog.dropped > 0


class Packet:
    """Of a stream with 1,000 ticks a second; None: it has no stamp."""

    size, is_keyframe = 1, True

    def __init__(self, stamp: int | None) -> None:
        self.pts = self.dts = stamp


@pytest.mark.parametrize("jump", [0.0, 5_000_000.0])
def test_packets_without_a_stamp_go_on_from_those_before(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """A few together, as over a network that loses some: the moment of their arrival was taken for their stamp, and the stream for two others."""
    stamps = [0, 100, 200, None, None, None, None, 700, 800, None, 1000]
    came = [(Packet(stamp), jump + 50.0 + number / 10) for number, stamp in enumerate(stamps)]
    monkeypatch.setattr(live_demux, "demuxed", lambda *_: ())
    monkeypatch.setattr(live_demux, "arriving", lambda *_: came)
    monkeypatch.setattr(live_demux, "report_of", lambda _: None)
    monkeypatch.setattr(live_demux, "taken_at", lambda _: None)
    container: Any = SimpleNamespace(format=SimpleNamespace(name="rtsp"))
    stream = SimpleNamespace(time_base=0.001, average_rate=25, guessed_rate=25)
    backlog = Backlog(1.0)
    live_demux.demux(container, stream, backlog, jump, pipe=False)
    assert backlog.error is None
    found = [arrived for _ in stamps if (arrived := backlog.take(0)) is not None]
    assert [(one.epoch, round(one.time, 6), one.packet.pts) for one in found] == [
        (0, number / 10, number * 100) for number in range(len(stamps))
    ]
    assert [round(one.raw, 6) for one in found] == [number / 10 for number in range(len(stamps))]
    assert backlog.restamped == 0


def test_pictures_are_found_by_their_times_in_whatever_order_they_came() -> None:
    frames = Frames(None, 10)  # type: ignore[arg-type]
    for serial, time in enumerate((0.0, 1.0, 3.0, 2.0, 2.5, 4.0)):
        frames.add(Known(serial=serial, time=time, media=time, arrival=time))
    assert [known.time for known in frames.within(2.0, 4.0)] == [2.0, 2.5, 3.0]
