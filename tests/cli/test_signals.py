"""A stop ends the process when all that it has to see to is done, whatever a thread still waits for."""

import signal
import subprocess
import sys
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
