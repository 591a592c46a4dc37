"""Every kind of source, from a real sender: connected, described, its time accounted for, ended.

A webcam can't be had in a test.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_runs import Run
from patience import PATIENCE, comes
from ports import free_port, listening
from senders import FFMPEG, picture, sending_again

from models.engines.echo import EchoCaptioner
from pipeline.bench.films import FilmSpec, write
from pipeline.live.tail import Tail


@pytest.mark.usefixtures("unhurried")
async def test_every_kind_of_source_at_once(tmp_path: Path, camera: str) -> None:
    """One station, a stream of each kind from a real sender, and one whose picture stands still."""
    udp, srt, pull, wait, still, rist, rtp = (free_port() for _ in range(7))
    sdp = tmp_path / "cam.sdp"
    moving, ts = picture(), ("-f", "mpegts")
    senders = {
        "udp": (*moving, *ts, f"udp://127.0.0.1:{udp}?pkt_size=1316"),
        "srt": (*moving, *ts, f"srt://127.0.0.1:{srt}?mode=listener"),
        "rist": (*moving, *ts, f"rist://127.0.0.1:{rist}"),
        "pull": (*moving, "-f", "flv", "-listen", "1", f"rtmp://127.0.0.1:{pull}/live/x"),
        "still": (*picture(still=True), *ts, f"udp://127.0.0.1:{still}?pkt_size=1316"),
        "push": (*moving, "-f", "flv", f"rtmp://127.0.0.1:{wait}/live/x"),
        "rtp": (*moving, "-bsf:v", "dump_extra", "-an", "-sdp_file", sdp, "-f", "rtp", f"rtp://127.0.0.1:{rtp}"),
    }
    with contextlib.ExitStack() as stack:
        for arguments in senders.values():
            stack.enter_context(sending_again(*arguments))
        async with asyncio.timeout(PATIENCE):
            while not sdp.exists() or not sdp.stat().st_size:  # noqa: ASYNC110 - a file says nothing when it is there
                await asyncio.sleep(0.05)
        run = Run(
            {
                "udp": f"udp://127.0.0.1:{udp}",
                "srt": f"srt://127.0.0.1:{srt}?mode=caller&latency=120000",
                "rist": f"rist://@127.0.0.1:{rist}",
                "pull": f"rtmp://127.0.0.1:{pull}/live/x",
                "push": (f"rtmp://127.0.0.1:{wait}/live/x", {"accept": True}),
                "still": (f"udp://127.0.0.1:{still}", {"skip_static": True}),
                "rtp": str(sdp),
                "rtsp": camera,
            }
        )
        told = run.told
        described = [name for name in senders if name != "still"] + ["rtsp"]

        def all_are_there(_: object) -> bool:
            return (
                all(len(told.of("caption", stream=name)) >= 2 for name in described)
                and len(told.of("unchanged", stream="still")) >= 2
                and bool(told.of("caption", stream="rtsp", clock="rtcp"))
            )

        try:
            await run.until(all_are_there)
        except TimeoutError:
            pytest.fail(
                str({name: [len(told.of("caption", stream=name)), told.of("source", stream=name)[-2:]] for name in run.names})
            )
    run.whole()
    assert set(run.how.values()) == {"ended"}
    first, second, *_ = told.of("caption", stream="udp")
    assert "frames of 64x64" in second["text"]
    assert second["end"] - second["start"] == pytest.approx(second["merged"], abs=0.51)
    assert first["clock"] == "arrival"
    assert 0 <= second["latency"]["glass_to_text"] < 3600  # by clocks that are near each other
    assert "pw@" not in str(told.events), "the password of the camera"
    assert not [event for event in told.of("source", stream="srt") if "127.0.0.1" in str(event)]
    # what stands still is asked about once
    assert len(told.of("caption", stream="still")) == 1
    assert next(one for one in run.station.streams if one.plan.name == "still").describing.asked == 1


@pytest.fixture
def eight_seconds(tmp_path: Path) -> bytes:
    film = tmp_path / "whole.ts"
    arguments = [FFMPEG, "-v", "error", *picture(seconds=8)[1:], "-f", "mpegts", str(film)]
    subprocess.run(arguments, check=True, stdin=subprocess.DEVNULL)
    return film.read_bytes()


@pytest.mark.usefixtures("unhurried")
async def test_a_file_that_grows_and_then_does_not(tmp_path: Path, eight_seconds: bytes) -> None:
    """Half of it is there, the rest is written while it is read; then nobody writes any more."""
    film, data = tmp_path / "cam.ts", eight_seconds
    film.write_bytes(data[: len(data) // 2])

    async def grow() -> None:
        for piece in (data[len(data) // 2 : -1000], data[-1000:]):
            await asyncio.sleep(0.3)
            with film.open("ab") as file:
                file.write(piece)
        async with asyncio.timeout(PATIENCE):
            while run.stream.connection is None:  # noqa: ASYNC110 - it says nothing when it is made
                await asyncio.sleep(0.05)
        run.stream.connection.feeder._idle_end = 0.5

    run = Run(str(film), idle_end=PATIENCE)
    growing = asyncio.create_task(grow())
    await run.until(lambda told: False)
    await growing
    run.whole()
    assert run.how == {"cam": "ended"}
    assert 7.0 < sum(event["end"] - event["start"] for event in run.told.of("caption")) < 9.0  # a window more, at most


async def test_a_file_that_grew_while_its_reader_took_its_time_has_not_ended(tmp_path: Path, eight_seconds: bytes) -> None:
    film = tmp_path / "cam.ts"
    film.write_bytes(eight_seconds)
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        tailing = asyncio.create_task(Tail(str(film), idle_end=0.2).run(writing))
        await asyncio.sleep(0.5)  # nobody has read a byte: the pipe is full
        with film.open("ab") as file:
            file.write(b"more")
        got = b""
        while not got.endswith(b"more"):
            got += await asyncio.wait_for(asyncio.to_thread(os.read, reading, 1 << 16), PATIENCE)
        assert got == eight_seconds + b"more"
        assert (await tailing).code == "ended"
    finally:
        os.close(reading)
        os.close(writing)


async def test_an_mp4_whose_index_is_at_its_end_is_refused_with_words(tmp_path: Path) -> None:
    film = tmp_path / "cam.mp4"
    write(film, FilmSpec(seconds=2, width=160, height=90, fps=10, gop=10))
    run = Run(str(film))
    await run.until(lambda told: False)
    assert run.how == {"cam": "gave_up"}
    assert run.told.of("source", state="offline")[0]["reason"] == "index_at_end"


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
    assert comes(lambda: listening(port))
    yield f"rtsp://me:pw@127.0.0.1:{port}/clip.mp4"
    server.kill()
    server.wait()


async def test_a_camera_that_is_not_there_is_given_up() -> None:
    run = Run(f"rtsp://127.0.0.1:{free_port()}/x", give_up=1.0)
    await run.until(lambda told: False)
    run.whole()
    assert run.how == {"cam": "gave_up"}
    assert run.told.of("offline")


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
        await run.until(act)
    finally:
        for sender in senders:
            sender.kill()
            sender.wait()
    run.whole()
    assert run.told.of("offline", epoch=2)


@pytest.mark.usefixtures("unhurried")
async def test_a_reading_process_that_is_killed_costs_a_moment(camera: str) -> None:
    """Another one stood ready, and reads."""
    run = Run(camera)
    killed: list[int] = []
    ready: list[int] = []

    def act(told: Any) -> bool:
        if not killed and told.of("caption"):
            run.stream.heartbeat()  # it does not wait ten seconds here
            ready.append(run.station._spares._ready["network"].popen.pid)
            killed.append(run.stream.connection.feed.pid)
            os.kill(killed[0], signal.SIGKILL)
        return any(event["epoch"] > 1 for event in told.of("caption"))

    await run.until(act)
    run.whole()
    assert run.stream.connection.feed.pid == ready[0] != killed[0]
    assert not run.station._spares._ready
    assert run.told.of("source", state="offline")[0]["reason"] == "reader_died"


@pytest.mark.usefixtures("unhurried")
async def test_an_engine_that_is_far_too_slow_is_given_way_to(camera: str) -> None:
    """Answers take four windows: fewer words, fewer frames, wider windows; nothing is unaccounted for. How old a text may be: test_account."""
    run = Run(camera, engine=EchoCaptioner(delay=1.0), window=0.25, fps=8.0, max_window=1.0)
    await run.until(lambda told: told.of("caption", level=4))
    run.whole()
    levels = [event["level"] for event in run.told.of("caption")]
    assert levels == sorted(levels)
    assert max(event["end"] - event["start"] for event in run.told.of("caption")) <= 1.0 + 1e-6
