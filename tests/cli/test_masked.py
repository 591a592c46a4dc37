"""Secrets are not shown, wherever they stand."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from patience import PATIENCE

from pipeline.cli.masked import masked


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("api_key", "sk-1", "(set)"),
        ("webhook_secret", "s", "(set)"),
        ("webhook", "https://me:pw@host:8443/services/T0/B0/XXX?token=t", "https://***@host:8443/***"),
        ("webhook", "http://host/", "http://host/"),
        ("webhook", "http://[bad", "(set)"),
        ("base_url", "https://me:pw@host/v1?key=k", "https://***@host/v1?***"),
        ("base_url", "http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("exec", "curl -H 'Authorization: Bearer abc' --token=def https://u:p@h/x", "curl -H 'Authorization: Bearer *** --token=*** https://***@h/x"),
        ("engine_arg", ["hf_token=abc", "max_num_seqs=4"], ["hf_token=***", "max_num_seqs=4"]),
        ("max_tokens", 5, 5),
        ("prompt", "What is the key to it?", "What is the key to it?"),
        ("prompt", None, None),
    ],
)  # fmt: skip
def test_masked(name: str, value: Any, shown: Any) -> None:
    assert masked(name, value) == shown


def test_print_config_shows_no_secret(run: Any) -> None:
    secrets = {
        "SCENESCRIBE_WEBHOOK": "https://u:hunter2@h/T0/hunter2?t=hunter2",
        "SCENESCRIBE_WEBHOOK_SECRET": "hunter2",
        "OPENAI_API_KEY": "hunter2",
    }
    done = run("watch", "in", "-o", "out", "--print-config", env=secrets)
    assert done.returncode == 0, done.stderr
    assert "https://***@h/***" in done.stdout
    assert "hunter2" not in done.stdout


HUNG = """
import asyncio, sys, time
from pipeline.cli.caption import run_until_signalled
async def hang():
    print("ready", flush=True)
    await asyncio.to_thread(time.sleep, 600)
run_until_signalled(hang())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_what_hangs(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", HUNG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert "stopping" in process.stderr.readline() + process.stderr.readline()
    os.kill(process.pid, number)
    assert process.wait(PATIENCE) == -number
    process.stdout.close()
    process.stderr.close()
