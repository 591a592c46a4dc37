"""What is printed goes to a disk that is full: one line says so, as of every failure, and no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE

SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne\n"
ECHO = ("--engine", "echo", "--model", "llava-onevision-0.5b")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        ("export", "one.srt", "-f", "vtt", "-o", "-"),
        ("caption", "film.mp4", "--engine", "echo", "--json", "-o", "out"),
        ("ask", "film.mp4", "What is it?", *ECHO),
        ("ask", "film.mp4", "What is it?", "--json", *ECHO),
        ("caption", "film.mp4", "--engine", "echo", "--print-config"),
    ],
    ids=lambda words: " ".join(words[:1] + words[3:4]),
)
def test_a_full_disk_is_called_so(words: tuple[str, ...], film: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").symlink_to(film)
    (tmp_path / "one.srt").write_text(SRT)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=PATIENCE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "no_space: a disk is full" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
