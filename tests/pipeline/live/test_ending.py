"""Sources that have an end: standard input, a file that grows."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_runs import Run
from patience import PATIENCE
from senders import FFMPEG, picture, sending

from pipeline.live.outputs.base import Output
from pipeline.live.outputs.lines import sentence
from pipeline.live.pieces import Piece

pytestmark = pytest.mark.usefixtures("unhurried")


@contextlib.contextmanager
def as_stdin(fd: int) -> Iterator[None]:
    """``fd``, which is closed, in place of standard input."""
    kept = os.dup(0)
    os.dup2(fd, 0)
    os.close(fd)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


async def test_stdin_ends_with_its_sender() -> None:
    with sending(*picture(seconds=4), "-f", "mpegts", "-", stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        with as_stdin(os.dup(sender.stdout.fileno())):
            run = Run("-")
            await run.until(lambda told: False)
    run.whole()
    assert run.how == {"cam": "ended"}
    assert sum(event["end"] - event["start"] for event in run.told.of("caption")) == pytest.approx(4.0, abs=0.5)
    said = sentence(run.told.of("caption")[0], many=True)
    assert said is not None
    assert said.split()[1] == "cam"


@pytest.mark.parametrize("way", ["pipe", "file", "growing"])
async def test_all_of_what_ends_is_described_though_its_size_changes(way: str, tmp_path: Path) -> None:
    """A new process did not find what the one before had read on standard input, and of a file that grows it found the first size again: the
    rest was lost."""
    film = tmp_path / "film.ts"
    with film.open("wb") as whole:
        for number, size in enumerate(("320x180", "640x360", "180x320")):
            part = tmp_path / f"{number}.ts"
            making = [*picture(size=size, seconds=4)[1:], "-output_ts_offset", str(4 * number), str(part)]
            await asyncio.to_thread(subprocess.run, [FFMPEG, "-v", "error", *making], check=True, stdin=subprocess.DEVNULL)
            whole.write(part.read_bytes())
    reading, sender = os.open(film, os.O_RDONLY), None
    if way == "pipe":
        os.close(reading)
        reading, writing = os.pipe()
        sender = await asyncio.create_subprocess_exec("cat", str(film), stdout=writing)
        os.close(writing)
    with as_stdin(reading):
        run = Run("-") if way != "growing" else Run(str(film), idle_end=1.0)
        await run.until(lambda told: False)
    if sender is not None:
        await sender.wait()
    run.whole()
    assert run.how == {"cam": "ended"}
    told = [*run.told.of("caption"), *run.told.of("unchanged")]
    assert sum(event["end"] - event["start"] for event in told) == pytest.approx(12.0, abs=1.0)
    assert not run.told.of("source", state="offline")


@pytest.mark.parametrize("content", [b"", b"hello", bytes(range(256)) * 400], ids=["nothing", "a word", "noise"])
@pytest.mark.parametrize("piped", [True, False], ids=["pipe", "file"])
async def test_stdin_without_a_stream_is_given_up_with_words(content: bytes, piped: bool, tmp_path: Path) -> None:
    """It was tried again for ever, though nothing more could come."""
    (tmp_path / "content").write_bytes(content)
    fd = os.open(tmp_path / "content", os.O_RDONLY)
    if piped:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 18)
        os.write(writing, content)
        os.close(writing)
        os.close(fd)
        fd = reading
    with as_stdin(fd):
        run = Run("-")
        await run.until(lambda told: False)
    assert run.how == {"cam": "gave_up"}
    told = run.told.of("source", state="offline")[-1]
    assert "standard input has ended; MPEG-TS" in told["message"]
    run.whole()


async def test_nothing_at_all_as_stdin_is_given_up() -> None:
    with as_stdin(os.open(os.devnull, os.O_RDONLY)):
        run = Run("-")
        await run.until(lambda told: False)
    assert run.how == {"cam": "gave_up"}


async def test_a_file_without_a_stream_is_given_up_when_it_grows_no_longer(tmp_path: Path) -> None:
    film = tmp_path / "cam.ts"
    film.write_bytes(bytes(range(256)) * 4000)
    run = Run(str(film), idle_end=1.0)
    await run.until(lambda told: False)
    assert run.how == {"cam": "gave_up"}
    assert "does not grow" in run.told.of("source", state="offline")[-1]["message"]
    run.whole()


@pytest.fixture
def half_a_film(tmp_path: Path) -> Path:
    """Matroska that breaks off and goes on as nothing that could be."""
    film = tmp_path / "film.mkv"
    subprocess.run([FFMPEG, "-v", "error", *picture(seconds=6)[1:], str(film)], check=True, stdin=subprocess.DEVNULL)
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2] + bytes(2000))
    return film


async def test_what_was_read_of_a_pipe_that_breaks_off_is_an_end(half_a_film: Path) -> None:
    with as_stdin(os.open(half_a_film, os.O_RDONLY)):
        run = Run("-")
        await run.until(lambda told: False)
    assert run.how == {"cam": "ended"}
    assert run.told.of("caption")
    assert all("can be read" not in event["message"] for event in run.told.of("source", state="offline"))
    run.whole()


@pytest.fixture
def eight_seconds(tmp_path: Path) -> bytes:
    film = tmp_path / "whole.ts"
    subprocess.run(
        [FFMPEG, "-v", "error", *picture(seconds=8)[1:], "-f", "mpegts", str(film)], check=True, stdin=subprocess.DEVNULL
    )
    return film.read_bytes()


def described(run: Run) -> float:
    return sum(event["end"] - event["start"] for event in run.told.of("caption"))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is told wakes the run, and nobody else
            await asyncio.sleep(0.05)


def grow(film: Path, data: bytes, run: Run) -> None:
    """The rest is written, and is all that comes."""
    with film.open("ab") as file:
        file.write(data)
    run.stream.connection.feeder._idle_end = 0.5


async def test_a_file_that_grows_in_large_pieces_is_not_lost_between_two(
    tmp_path: Path, eight_seconds: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ffmpeg writes 256 KB at a time, which is more than five seconds of many cameras: the file was read again from its beginning."""
    monkeypatch.setattr("pipeline.live.stream.NO_FRAME", 0.5)
    film, half = tmp_path / "cam.ts", len(eight_seconds) // 2
    film.write_bytes(eight_seconds[:half])
    run = Run(str(film), idle_end=PATIENCE)

    async def later() -> None:
        await until(lambda: run.told.of("caption") and time.monotonic() - run.stream.timeline.pace.last > 2.0)
        grow(film, eight_seconds[half:], run)

    growing = asyncio.create_task(later())
    await run.until(lambda told: False)
    await growing
    run.whole()
    assert not run.told.of("source", state="offline")
    assert 7.0 < described(run) < 9.0


async def test_what_was_seen_of_a_file_is_not_described_again_by_the_next_process(tmp_path: Path, eight_seconds: bytes) -> None:
    film, half = tmp_path / "cam.ts", len(eight_seconds) // 2
    film.write_bytes(eight_seconds[:half])
    run = Run(str(film), idle_end=PATIENCE)

    async def kill() -> None:
        await until(lambda: run.told.of("caption"))
        os.kill(run.stream.connection.feed.pid, signal.SIGKILL)
        await until(lambda: run.stream.reconnects == 1 and run.stream.connection.feeder is not None)
        grow(film, eight_seconds[half:], run)

    killing = asyncio.create_task(kill())
    await run.until(lambda told: False)
    await killing
    run.whole()
    assert run.stream.reconnects == 1
    assert run.how == {"cam": "ended"}
    assert 5.5 < described(run) < 9.0  # what the process had read and not handed over is lost with it, but nothing comes twice


async def test_what_comes_at_once_is_described_window_by_window(tmp_path: Path, eight_seconds: bytes) -> None:
    """A pipe that was full while the model was loaded: six windows of it were described as one."""
    film = tmp_path / "cam.ts"
    film.write_bytes(eight_seconds)
    run = Run(str(film), idle_end=1.0)
    await run.until(lambda told: False)
    run.whole()
    assert described(run) == pytest.approx(8.0, abs=0.5)
    assert len(run.told.of("caption")) > 2


@pytest.fixture
def about_to_wrap(tmp_path: Path) -> Path:
    film = tmp_path / "cam.ts"
    arguments = [*picture(seconds=8)[1:], "-output_ts_offset", str(2**33 / 90000 - 5), "-f", "mpegts", str(film)]
    subprocess.run([FFMPEG, "-v", "error", *arguments], check=True, stdin=subprocess.DEVNULL)
    return film


async def test_nothing_is_lost_where_mpeg_ts_is_about_to_begin_anew(about_to_wrap: Path) -> None:
    """Its 33 bits are full 5 s after the first picture: libav counts those before from below 0, and they were passed over as late."""
    run = Run(str(about_to_wrap), idle_end=1.0)
    await run.until(lambda told: False)
    run.whole()
    assert described(run) == pytest.approx(8.0, abs=0.5)
    assert run.stream.timeline.late == 0
    assert not run.told.of("discontinuity")


class Pieces(Output):
    """What a recording is given."""

    name = "pieces"

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[float] = []

    def picture(self, piece: Piece) -> None:
        self.taken.append(piece.utc)


async def test_pieces_that_came_before_the_first_picture_was_decoded_have_a_date(tmp_path: Path, eight_seconds: bytes) -> None:
    """They were of 1970, and recordings named after that."""
    film, pieces = tmp_path / "cam.ts", Pieces()
    film.write_bytes(eight_seconds)
    run = Run(str(film), idle_end=1.0, copy=1.0)
    run.station.outputs.append(pieces)
    await run.until(lambda told: False)
    assert len(pieces.taken) >= 6
    assert all(abs(taken - time.time()) < 3600 for taken in pieces.taken)
