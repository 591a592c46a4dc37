"""A stop ends the process when all that it has to see to is done, whatever a thread still waits for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE

WAITS = """
import asyncio, time
from pipeline.cli.caption import run_until_signalled

async def work():
    print("begun", flush=True)
    try:
        await asyncio.to_thread(time.sleep, 100_000)
    finally:
        await asyncio.sleep(0)
        print("put away", flush=True)

raise SystemExit(run_until_signalled(work()))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_thread_that_waits_for_others_holds_no_stop_up(number: signal.Signals, code: int, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert process.wait(PATIENCE) == code
        assert process.stdout.read() == "put away\n"
    finally:
        process.kill()
        process.communicate()


HANGS = """
import asyncio
from pipeline.cli import signals
from pipeline.cli.caption import run_until_signalled

async def work():
    print("begun", flush=True)
    try:
        await asyncio.sleep(100_000)
    finally:
        await asyncio.sleep(100_000)  # an engine that is waited for

signals.WHOLE = 0.5
raise SystemExit(run_until_signalled(work()))
"""


def test_a_stop_that_comes_to_no_end_is_ended(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 143
    finally:
        process.kill()
        process.communicate()


SERVES = """
import asyncio, sys, time
from pathlib import Path
import pipeline.serve.heartbeat as heartbeat
from pipeline.cli import signals
from pipeline.cli.app import main

async def reads_for_ever(self):
    print("begun", flush=True)
    await asyncio.to_thread(time.sleep, 100_000)  # a film on a share that is gone

heartbeat.Heartbeat._films = reads_for_ever
sys.argv = ["scenescribe", "serve", "--engine", "echo", "--listen", "127.0.0.1:0", "--state-dir", "state"]
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_service_with_a_thread_that_never_comes_back_ends(number: signal.Signals, code: int, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVES], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert process.wait(PATIENCE) == code
    finally:
        process.kill()
        process.communicate()


LOADS = """
import os, signal, time
import pipeline.cli.app as app

def interrupted(name):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(100_000)

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests ignore it (nohup)
app.import_module = interrupted
app.sys.argv = ["scenescribe", "caption", "film.mp4"]
app.main()
"""


def test_an_interrupt_while_a_command_is_loaded_is_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADS], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")


def _interrupts() -> None:
    """In the new process: Ctrl-C interrupts, though the tests may ignore it (nohup)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _begun(folder: Path, *words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *map(str, words)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=_interrupts, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip


def _wait_for(there: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)


def _children(process: "subprocess.Popen[str]") -> list[int]:
    """Those of each of its threads."""
    return [int(word) for one in Path(f"/proc/{process.pid}/task").glob("*/children") for word in one.read_text().split()]


def _ctrl_c(process: "subprocess.Popen[str]") -> str:
    """As a terminal does it: to all of the group. Returns what was said."""
    try:
        os.killpg(process.pid, signal.SIGINT)
        return process.communicate(timeout=PATIENCE)[1]
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_bench_ends_the_processes_that_make_its_films(tmp_path: Path) -> None:
    process = _begun(tmp_path, "bench", "--engine", "echo", "--films", 1, "--seconds", 3600, "--size", "1920x1080")
    _wait_for(lambda: bool(_children(process)), process)
    makers = _children(process)
    said = _ctrl_c(process)
    assert process.returncode == 130
    assert "Traceback" not in said
    until = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{maker}").exists() for maker in makers):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_burn_that_is_stopped_says_so_and_leaves_nothing(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    text = tmp_path / "film.srt"
    text.write_text("1\n00:00:01,000 --> 00:00:02,000\nText\n")
    words = ("burn", film, text, "-o", out / "film.mp4", "--encoder", "libx265", "--preset", "placebo")
    process = _begun(tmp_path, *words)
    _wait_for(lambda: any(out.iterdir()), process)
    said = _ctrl_c(process)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped: nothing was written"
    assert list(out.iterdir()) == []


def test_a_stop_for_which_there_is_no_thread_is_ended_by_the_kernel() -> None:
    program = (
        "import threading, time\n"
        "from pipeline.cli import signals\n"
        'def start(_): raise RuntimeError("can\'t start new thread")\n'
        "threading.Thread.start = start\n"
        "signals.end_within(0.1, 130)\n"
        "time.sleep(1e6)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (-signal.SIGALRM, "")
