"""``live`` on the command line."""

import json
import subprocess
import sys
from pathlib import Path

from patience import PATIENCE


def test_a_stream_that_was_given_up_is_told_on_stderr_too(tmp_path: Path) -> None:
    """stdout has it as JSON; whoever reads stderr alone saw an exit code of 1 and not a word."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "live", "-", "--engine", "echo", "--model", "llava-onevision-0.5b", "--quiet"],
        input=b"this is no stream", capture_output=True, cwd=tmp_path, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["state"] == "ended"
    said = done.stderr.decode().strip().splitlines()
    assert [line.startswith(f"scenescribe: {events[-1]['reason']}: stdin: ") for line in said] == [True]
