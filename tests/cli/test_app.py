"""The command line's first impression: quick, and nothing heavy behind ``--help``."""

import subprocess
import sys

import pytest

from pipeline import __version__

HEAVY = {"torch", "vllm", "transformers", "cv2", "av", "numpy", "scenedetect", "httpx", "ttconv", "pysubs2"}


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["caption", "--help"]])
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    code = f"""
import sys
sys.argv = ["scenescribe", *{words!r}]
from pipeline.cli.app import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = sorted({HEAVY!r} & set(sys.modules))
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout or "Usage" in done.stdout


def test_python_dash_m_is_scenescribe() -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scenescribe {__version__}\n"
