"""Runs the command line as a user does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """``run("caption", film, ...)``: the finished process with its text."""

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "XDG_"))}
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *map(str, words)],
            capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=tmp_path, env={**clean, "HOME": str(tmp_path)},
        )  # fmt: skip

    return run
