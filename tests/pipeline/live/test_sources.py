"""Every kind of source, from a real sender: connected, described, its time accounted for, ended.

A webcam can't be had in a test: its way of opening is tried with libav's drawn device (test_device).
"""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from live_runs import Run, captions
from senders import FFMPEG, free_port, picture, sending

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
