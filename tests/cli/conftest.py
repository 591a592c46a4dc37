"""Runs the command line as a user does, in a process of its own; its imports are made once (tests/support/zygote.py)."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE
from zygote import OURS, zygote

from pipeline.bench.films import FilmSpec, write

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s of 320x180 at 25 frames a second; the picture cuts at 4 and 8 s."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    write(path, FilmSpec(seconds=12, width=320, height=180, fps=25, gop=25))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("caption", film, ...)`` in an empty home; returns the finished process with its text."""

    def run(*words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "home").mkdir(exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "XDG_", "OPENAI_"))}
        arguments = [
            word if isinstance(word, bytes | str) else os.fspath(word) if isinstance(word, Path) else str(word) for word in words
        ]
        environment = {**clean, "HOME": str(tmp_path / "home"), "COLUMNS": "200", **(env or {})}
        if all(name.startswith(OURS) for name in env or {}):
            return zygote().run(arguments, timeout=PATIENCE, cwd=cwd or tmp_path, env=environment)
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *arguments], capture_output=True, encoding="utf-8", errors="surrogateescape",
            timeout=PATIENCE, check=False, cwd=cwd or tmp_path, env=environment,
        )  # fmt: skip

    return run
