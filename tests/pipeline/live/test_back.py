"""Back after a loss: the process that stands ready, and when the pictures came that a stream was recognised by."""

import os
import signal
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pipeline.video.decode import live_demux
from pipeline.video.decode.live_input import AvError
from pipeline.video.live.process import Spares


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_one_that_stands_ready_is_taken_once_and_a_dead_one_never() -> None:
    spares = Spares()
    spares.prepare("pipe")
    ready = spares._ready["pipe"]
    spares.prepare("pipe")
    assert spares._ready["pipe"] is ready  # one of each kind, whoever asks
    assert spares.take("pipe") is ready
    spares.prepare("pipe")
    killed = spares._ready["pipe"]
    killed.popen.send_signal(signal.SIGKILL)
    killed.popen.wait()
    other = spares.take("pipe")
    assert other is not killed
    spares.prepare("pipe")
    last = spares._ready["pipe"].popen.pid
    spares.close()
    spares.prepare("pipe")
    assert not spares._ready
    for process in (ready, other):
        process.close()
    assert all(gone(pid) for pid in (last, ready.popen.pid, other.popen.pid))


class Sender:
    """Packets of 25 a second on a clock of its own: some are there, the others are waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(live_demux.time, "monotonic", lambda: self.now)

    def send(self, there: int, then: int, error: Exception | None = None) -> Iterator[SimpleNamespace]:
        for number in range(there + then):
            self.now += 0.04 if number >= there else 0.0001
            yield SimpleNamespace(dts=number * 3600, pts=None)
        if error is not None:
            raise error


def test_what_was_read_to_open_a_stream_came_before_it_was_open(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender(monkeypatch)
    came = [moment for _, moment in live_demux.arriving(sender.send(20, 10), 1 / 90000, since=900.0)]
    assert came[20] == pytest.approx(1000.042)
    assert came == pytest.approx([1000.042 + (number - 20) * 0.04 for number in range(30)])


def test_a_first_packet_without_a_stamp_gets_the_one_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    packets = list(Sender(monkeypatch).send(10, 1))
    packets[0].dts = None
    stamps = [packet.dts for packet, _ in live_demux.arriving(packets, 1 / 90000, since=900.0)]
    assert stamps == [number * 3600 for number in range(11)]


def test_none_came_before_the_source_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gives the pictures of before at once: they came when they were given."""
    came = [moment for _, moment in live_demux.arriving(Sender(monkeypatch).send(200, 3), 1 / 90000, since=999.0)]
    assert came[:150] == [999.0] * 150
    assert came == sorted(came)


def test_packets_before_an_error_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    packets = live_demux.arriving(Sender(monkeypatch).send(5, 0, AvError(5, "gone")), 1 / 90000, since=900.0)
    assert [next(packets)[0].dts for _ in range(5)] == [0, 3600, 7200, 10800, 14400]
    with pytest.raises(AvError):
        next(packets)
