"""A program that is begun with closed standard streams reads nothing, prints nowhere, and says what is wrong all the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE


def run(line: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """A line of the shell, in which ``$@`` is the program with its arguments."""
    command = ["sh", "-c", line, "sh", sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("command", [("export", "-", "-f", "srt"), ("live", "-", "--engine", "echo")])
def test_a_closed_standard_input_is_an_empty_one(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run('exec "$@" <&-', "-m", "pipeline.cli", *command, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr


def test_what_is_printed_is_written_into_no_file(tmp_path: Path) -> None:
    program = """
import os
from pipeline.cli.standard_streams import complete
complete()
file = open("file", "w")
print("x", flush=True)
os.write(2, b"y")
"""
    done = run('exec "$@" <&- >&- 2>&-', "-c", program, cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "file").read_text() == ""


def test_streams_that_are_there_stay(tmp_path: Path) -> None:
    program = "from pipeline.cli.standard_streams import complete; complete(); print(input())"
    assert run('echo heard | "$@"', "-c", program, cwd=tmp_path).stdout == "heard\n"
