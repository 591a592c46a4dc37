"""Back after a loss: the process that stands ready, and when the pictures came that a stream was recognised by."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from live_runs import Run
from patience import PATIENCE
from ports import free_port
from senders import picture, sending

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


@pytest.mark.parametrize(
    ("pts", "shown"), [(7200, 7200), (None, None), (2**33 - 1, 3600), (90000 * 19, 90000 * 19), (-(2**32), 3600)]
)
def test_a_picture_is_not_shown_hours_after_it_is_decoded(pts: int | None, shown: int | None) -> None:
    """Of a damaged packet the one time may be right and the other not: its reading process was taken for one that lies, and ended."""
    packet = SimpleNamespace(pts=pts, dts=3600)
    live_demux.believe(packet, 1 / 90000)
    assert (packet.pts, packet.dts) == (shown, 3600)


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


def held_python(folder: Path) -> str:
    """A Python that starts when ``folder/go`` is there: as late as one does where many start at once, or from a slow disk."""
    held = folder / "python"
    wait = f"while not os.path.exists({str(folder / 'go')!r}): time.sleep(0.05)"
    held.write_text(
        f"#!{sys.executable} -S\nimport os, sys, time\n{wait}\nos.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])"
    )
    held.chmod(0o755)
    return str(held)


@pytest.mark.usefixtures("unhurried")
async def test_a_process_that_is_slow_to_start_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loading is no part of the time in which a source must give a picture: where it was, no source was ever read."""
    monkeypatch.setattr("pipeline.live.stream.FIRST_FRAME", 0.3)
    monkeypatch.setattr("pipeline.video.live.process.sys.executable", held_python(tmp_path))
    film = tmp_path / "film.ts"
    with sending(*picture(seconds=3)[1:], "-f", "mpegts", film) as sender:
        sender.wait()
    run = Run(str(film), idle_end=1.0)

    async def start() -> None:
        async with asyncio.timeout(PATIENCE):
            while run.stream.timeline.clock < 2.0:  # noqa: ASYNC110 - many times as long as it has for a first picture
                await asyncio.sleep(0.05)
        monkeypatch.setattr("pipeline.live.stream.FIRST_FRAME", PATIENCE)
        (tmp_path / "go").touch()

    starting = asyncio.create_task(start())
    await run.until(lambda told: told.of("source", state="ended"))
    await starting
    assert run.stream.reconnects == 0
    assert run.told.of("caption")
    assert not run.told.of("source", state="offline")


async def test_a_process_that_never_starts_is_told_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.video.live.feed.STARTS", 0.5)
    monkeypatch.setattr("pipeline.video.live.process.sys.executable", held_python(tmp_path))
    run = Run(f"udp://127.0.0.1:{free_port()}")
    await run.until(lambda told: len(told.of("source", state="offline")) >= 2)
    told = run.told.of("source", state="offline")[0]
    assert told["reason"] == "reader_died"
    assert "did not start" in told["message"]


async def test_a_port_that_somebody_has_is_told_of() -> None:
    """It was no terminal: libav's errno is that of its own complaint."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        run = Run(f"udp://127.0.0.1:{port}")
        await run.until(lambda told: told.of("source", state="offline"))
    assert "another program has this port" in run.told.of("source", state="offline")[0]["message"]
