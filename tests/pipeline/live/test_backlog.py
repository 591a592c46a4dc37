"""What waits for the decoder: of a stream that comes as it happens the late is left out, of a film on standard input nothing."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from patience import comes

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
