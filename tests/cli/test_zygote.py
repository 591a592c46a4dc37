"""A forked command (tests/support/zygote.py) is what a started one is: the same words, streams, exit code, and end by a signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE
from zygote import zygote


@pytest.mark.parametrize(
    "words", [["--version"], ["caption", "gone.mp4", "--engine", "echo"], ["caption", "--no-such"], ["export"]]
)
def test_it_says_and_ends_as_a_started_one(words: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "COLUMNS": "100"}
    started = subprocess.run(
        [Path(sys.executable).with_name("scenescribe"), *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    forked = zygote().run(words, cwd=tmp_path, env=environment, timeout=PATIENCE)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


def test_a_signal_reaches_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    line = [zygote().bin / "scenescribe", "watch", "in", "-o", "out", "--state-dir", "state", "--engine", "echo"]
    with subprocess.Popen(
        line, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stderr.readline(), "it has begun"
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert process.returncode == 143
