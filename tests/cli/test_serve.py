"""What a person sees of ``serve`` on a terminal; a program reads the address and nothing else."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE

pytest.importorskip("fastapi")


@pytest.mark.parametrize("quiet", [False, True])
def test_a_person_is_told_what_the_address_is_for_and_how_it_ends(tmp_path: Path, quiet: bool) -> None:
    ours, its = pty.openpty()
    line = [sys.executable, "-m", "pipeline.cli", "serve", "--engine", "echo", "--listen", "127.0.0.1:0", "--state-dir", tmp_path]
    process = subprocess.Popen([*line, *(["-q"] if quiet else [])], stderr=its, env={**os.environ, "HOME": str(tmp_path)})
    os.close(its)
    told = b""
    try:
        while (b"#key=" if quiet else b"Ctrl-C") not in told:
            told += os.read(ours, 4096)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)
    try:
        while piece := os.read(ours, 4096):
            told += piece
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    text = " ".join(told.decode().split())
    assert text.startswith("http://127.0.0.1:")
    assert ("Open it in a browser: it holds the key. Ctrl-C ends the service" in text) is not quiet
