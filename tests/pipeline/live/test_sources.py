"""Every kind of source, from a real sender: connected, described, its time accounted for, ended.

A webcam can't be had in a test.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_runs import Run, captions
from senders import FFMPEG, free_port, picture, sending

from models.engines.echo import EchoCaptioner
from pipeline.bench.films import FilmSpec, write
from pipeline.live.outputs.lines import sentence


async def test_udp() -> None:
    port = free_port()
    with sending(*picture(), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
        run = Run(f"udp://127.0.0.1:{port}")
        await run.until(captions(3))
    run.whole()
    first, second, *_ = run.told.of("caption")
    assert "frames of 64x64" in second["text"]
    assert second["end"] - second["start"] == pytest.approx(1.0)
    assert first["clock"] == "arrival"
    assert second["latency"]["glass_to_text"] < 5
    assert run.how == {"cam": "ended"}


async def test_rtmp_that_is_pushed() -> None:
    port = free_port()
    url = f"rtmp://127.0.0.1:{port}/live/x"
    run = Run(url, accept=True)

    def push() -> None:
        for _ in range(50):  # the port is open a moment after the process is
            if (
                subprocess.run(
                    [FFMPEG, "-v", "quiet", *picture(seconds=20), "-f", "flv", url], stdin=subprocess.DEVNULL
                ).returncode
                == 0
            ):
                return
            if run.told.of("caption"):
                return
            time.sleep(0.2)

    sender = threading.Thread(target=push)
    sender.start()
    await run.until(captions(2))
    sender.join()
    run.whole()


async def test_rtmp_that_is_pulled() -> None:
    port = free_port()
    with sending(*picture(), "-f", "flv", "-listen", "1", f"rtmp://127.0.0.1:{port}/live/x"):
        run = Run(f"rtmp://127.0.0.1:{port}/live/x")
        await run.until(captions(2))
    run.whole()


async def test_srt_by_the_bridge() -> None:
    port = free_port()
    with sending(*picture(), "-f", "mpegts", f"srt://127.0.0.1:{port}?mode=listener"):
        run = Run(f"srt://127.0.0.1:{port}?mode=caller&latency=120000")
        await run.until(captions(2))
    run.whole()
    assert not [event for event in run.told.of("source") if "127.0.0.1" in str(event)]


async def test_rist_by_the_bridge() -> None:
    port = free_port() // 2 * 2
    run = Run(f"rist://@127.0.0.1:{port}")
    with sending(*picture(), "-f", "mpegts", f"rist://127.0.0.1:{port}"):
        await run.until(captions(2))
    run.whole()


async def test_a_file_that_grows_and_then_does_not(tmp_path: Path) -> None:
    film = tmp_path / "cam.ts"
    film.touch()
    with sending(*picture(seconds=5), "-f", "mpegts", "-flush_packets", "1", "-y", film):
        run = Run(str(film), idle_end=2.0)
        await run.until(lambda told: False)
    run.whole()
    assert run.how == {"cam": "ended"}
    assert len(run.told.of("caption")) >= 4


async def test_an_mp4_whose_index_is_at_its_end_is_refused_with_words(tmp_path: Path) -> None:
    film = tmp_path / "cam.mp4"
    write(film, FilmSpec(seconds=2, width=160, height=90, fps=10, gop=10))
    run = Run(str(film))
    await run.until(lambda told: False)
    assert run.how == {"cam": "gave_up"}
    assert run.told.of("source", state="offline")[0]["reason"] == "index_at_end"


async def test_stdin_ends_with_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    with sending(*picture(seconds=4), "-f", "mpegts", "-", stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        kept = os.dup(0)
        os.dup2(sender.stdout.fileno(), 0)
        try:
            run = Run("-")
            await run.until(lambda told: False)
        finally:
            os.dup2(kept, 0)
            os.close(kept)
    run.whole()
    assert run.how == {"cam": "ended"}
    assert sum(event["end"] - event["start"] for event in run.told.of("caption")) == pytest.approx(4.0, abs=0.5)
    said = sentence(run.told.of("caption")[0], many=True)
    assert said is not None
    assert said.split()[1] == "cam"


RTSP = """
import asyncio, sys
from aio_rtsp_toolkit.server import serve
asyncio.run(serve(sys.argv[1], host="127.0.0.1", port=int(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An RTSP server with a film of a minute."""
    folder = tmp_path_factory.mktemp("rtsp")
    command = [FFMPEG, "-v", "error", *picture(seconds=60)[1:], str(folder / "clip.mp4")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", RTSP, str(folder), str(port)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.1)
    yield f"rtsp://me:pw@127.0.0.1:{port}/clip.mp4"
    server.kill()
    server.wait()


async def test_rtsp_and_the_senders_own_clock(camera: str) -> None:
    run = Run(camera)
    await run.until(lambda told: told.of("caption", clock="rtcp"))
    run.whole()
    assert not [event for event in run.told.events if "pw" in str(event)]


async def test_a_camera_that_is_not_there_is_given_up() -> None:
    run = Run(f"rtsp://127.0.0.1:{free_port()}/x", give_up=1.0)
    await run.until(lambda told: False)
    run.whole()
    assert run.how == {"cam": "gave_up"}
    assert run.told.of("offline")


async def test_rtp_by_its_description(tmp_path: Path) -> None:
    port, sdp = free_port() // 2 * 2, tmp_path / "cam.sdp"
    with sending(*picture(), "-bsf:v", "dump_extra", "-an", "-sdp_file", sdp, "-f", "rtp", f"rtp://127.0.0.1:{port}"):
        while not sdp.exists() or not sdp.stat().st_size:  # noqa: ASYNC110 - a file says nothing when it is there
            await asyncio.sleep(0.05)
        run = Run(str(sdp))
        await run.until(captions(2))
    run.whole()


async def test_a_lost_source_is_noticed_and_found_again() -> None:
    """The sender is killed and another one takes its place: loss in about five seconds, descriptions again soon after."""
    port = free_port()
    run = Run(f"udp://127.0.0.1:{port}")
    senders: list[subprocess.Popen[bytes]] = []

    def send() -> None:
        senders.append(
            subprocess.Popen(
                [FFMPEG, "-v", "quiet", *picture(), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"],
                stdin=subprocess.DEVNULL,
            )
        )

    def act(told: Any) -> bool:
        if len(senders) == 1 and told.of("caption"):
            senders[0].kill()
            senders[0].wait()
            senders.append(senders[0])
        if len(senders) == 2 and told.of("source", state="offline"):
            send()
        return len(senders) == 3 and any(event["epoch"] > 1 for event in told.of("caption"))

    send()
    try:
        await run.until(act, within=60)
    finally:
        for sender in senders:
            sender.kill()
            sender.wait()
    run.whole()
    assert run.told.of("offline", epoch=2)


async def test_a_reading_process_that_is_killed_costs_a_moment(camera: str) -> None:
    run = Run(camera)
    killed: list[int] = []

    def act(told: Any) -> bool:
        if not killed and told.of("caption"):
            killed.append(run.stream.connection.feed.pid)
            os.kill(killed[0], signal.SIGKILL)
        return any(event["epoch"] > 1 for event in told.of("caption"))

    await run.until(act)
    run.whole()
    assert run.told.of("source", state="offline")[0]["reason"] == "reader_died"


async def test_an_engine_that_is_far_too_slow_is_given_way_to(camera: str) -> None:
    """Answers take four windows: fewer words, fewer frames, wider windows; nothing is unaccounted for, nothing is older than it may be."""
    run = Run(camera, engine=EchoCaptioner(delay=4.0), max_window=4.0)
    await run.until(lambda told: told.of("caption", level=4), within=60)
    run.whole()
    levels = [event["level"] for event in run.told.of("caption")]
    assert levels == sorted(levels)
    assert max(event["end"] - event["start"] for event in run.told.of("caption")) <= 4.0 + 1e-6
    assert max(event["latency"]["glass_to_text"] for event in run.told.of("caption")) < 4.0 + 4.0 + 2.0


async def test_a_picture_that_stands_still_is_asked_about_once() -> None:
    port = free_port()
    with sending(*picture(still=True), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
        run = Run(f"udp://127.0.0.1:{port}", skip_static=True)
        await run.until(lambda told: len(told.of("unchanged")) >= 2)
    run.whole()
    assert len(run.told.of("caption")) == 1
    assert run.stream.describing.asked == 1
