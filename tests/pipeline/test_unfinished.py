"""Two that write one film at once, and one that is stopped twice."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE, comes

from pipeline import unfinished
from pipeline.errors import OutputError
from pipeline.files import STAND_IN, write_whole


@pytest.fixture(params=["links", "no hard links"], autouse=True)
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param != "links":
        monkeypatch.setattr(os, "link", link)


def test_a_film_takes_a_name_that_is_free(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    with unfinished.film(out) as temporary:
        temporary.write_bytes(b"ours")
    assert out.read_bytes() == b"ours"
    assert os.listdir(tmp_path) == ["film.mp4"]
    with unfinished.film(out) as temporary:  # what was there from the beginning is to be replaced: it was asked about
        temporary.write_bytes(b"anew")
    assert out.read_bytes() == b"anew"
    assert os.stat(out).st_nlink == 1


def test_the_second_of_two_is_refused_and_the_first_ones_film_stays(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"

    def two() -> None:
        with unfinished.film(out) as second:
            with unfinished.film(out) as first:
                first.write_bytes(b"first")
            second.write_bytes(b"second")

    with pytest.raises(OutputError) as refused:
        two()
    assert refused.value.code == "output_exists"
    assert "meanwhile" in refused.value.message
    assert out.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["film.mp4"]


def test_a_file_that_came_meanwhile_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the name and the writing, which is one moment for a text."""
    out, fsync = tmp_path / "a.srt", os.fsync

    def comes_now(descriptor: int) -> None:
        out.write_bytes(b"theirs")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", comes_now)
    with pytest.raises(OutputError, match="output_exists"):
        write_whole(out, b"ours", fresh=True)
    assert out.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a.srt"]


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    def stop() -> None:
        with unfinished.film(tmp_path / "film.mp4") as temporary, temporary.open("r+b") as file:
            unfinished.give_up()
            assert os.listdir(tmp_path) == []
            file.write(b"what writes and reads it hears of the end later")

    with pytest.raises(OutputError) as stopped:
        stop()
    assert stopped.value.code == "cancelled"
    assert os.listdir(tmp_path) == []


def test_who_writes_a_name_now(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    assert unfinished.writer_of(out) is None
    with unfinished.film(out):
        assert unfinished.writer_of(out) is None, "we do"
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        gone.wait()
    for number, writes in ((gone.pid, False), (os.getppid(), True)):
        left = tmp_path / f".film.mp4.scenescribe-{number}-0123abcd.tmp.mp4"
        left.touch()
        assert unfinished.writer_of(out) == (number if writes else None)
        assert unfinished.writer_of(tmp_path / "other.mp4") is None
        for changed in (
            0,
            4_000_000_000,
        ):  # not written to for years, or under a clock that was ahead: the number is another's by now
            os.utime(left, (changed, changed))
            assert unfinished.writer_of(out) is None
        left.unlink()


STUBBORN = """
import asyncio, sys, time
from pathlib import Path
from pipeline import unfinished
from pipeline.cli import caption, writing

def write():
    with unfinished.film(Path(sys.argv[1])):
        while True:
            time.sleep(0.1)  # what does not hear of a stop, as an ffmpeg in the middle of a slow disk
"""
WAYS = {
    "burn, mux and speak": "with writing.stoppable():\n    write()",
    "caption": "caption.run_until_signalled(asyncio.to_thread(write))",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_leaves_nothing(number: signal.Signals, way: str, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN + WAYS[way], str(tmp_path / "film.mp4")]) as process:
        try:
            assert comes(lambda: os.listdir(tmp_path))
            process.send_signal(number)
            assert comes(lambda: not os.listdir(tmp_path)), "gone at the first signal"
            assert process.poll() is None
            process.send_signal(number)
            assert process.wait(PATIENCE) == -number
        finally:
            process.kill()
    assert os.listdir(tmp_path) == []


def test_a_film_without_a_byte_is_not_done(tmp_path: Path) -> None:
    film, text = tmp_path / "film.described.mp4", tmp_path / "film.srt"
    assert not unfinished.done(film)
    film.touch()
    text.touch()
    assert not unfinished.done(film)
    assert unfinished.done(text)
    os.utime(film, (STAND_IN, STAND_IN))
    assert unfinished.done(film), "it stands for one of a storage"
    with unfinished.film(film) as temporary:
        temporary.write_bytes(b"whole")
    assert unfinished.done(film)
