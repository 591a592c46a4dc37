"""The command line's first impression: quick, and nothing heavy behind ``--help``."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import __version__

SAMPLE = Path(__file__).parents[2] / "samples" / "square.mkv"
HEAVY = {"torch", "vllm", "transformers", "cv2", "av", "numpy", "scenedetect", "httpx", "ttconv", "pysubs2"}
ELSEWHERES = {
    "fastapi", "starlette", "uvicorn", "multipart", "ray", "pyarrow", "obstore", "fsspec", "httpcore", "prometheus_client",
    "watchfiles", "sqlite3", "ffmpeg", "pipeline.serve", "pipeline.live", "pipeline.watch", "pipeline.asking",
    "pipeline.retrieval", "pipeline.annotating", "pipeline.datasets", "pipeline.imagesources", "pipeline.passes.summary",
    "pipeline.media.burning", "pipeline.media.muxing", "pipeline.outline", "pipeline.chapters",
}  # fmt: skip
"""what other commands and other options need"""


@pytest.mark.parametrize(
    ("words", "says"), [(["--version"], __version__), (["--help"], "Usage"), (["caption", "--help"], "Usage")]
)
def test_help_and_version_import_nothing_heavy(words: list[str], says: str) -> None:
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
    assert says in done.stdout


def test_caption_imports_what_it_needs(tmp_path: Path) -> None:
    """A plain run pays for none of what the other commands are made of, and reads no other package's metadata for its own names."""
    code = f"""
import sys
from models import families
sys.argv = ["scenescribe", "caption", {str(SAMPLE)!r}, "-o", {str(tmp_path)!r}, "--engine", "echo"]
from pipeline.cli.app import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
needless = sorted({HEAVY - {"numpy"} | ELSEWHERES!r} & set(sys.modules))
assert not needless, needless
assert families.points.cache_info().currsize == 0
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.descriptions.json"))


def test_python_dash_m_is_scenescribe() -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scenescribe {__version__}\n"


@pytest.mark.parametrize(("words", "code"), [(["models"], 0), (["models", "--no-such-option"], 2), (["--version"], 0)])
def test_the_collector_is_off_while_modules_are_loaded_and_on_afterwards(words: list[str], code: int) -> None:
    """What a command makes is collected, what was loaded before it is not looked at, and the end of the process looks at nothing."""
    program = f"""
import atexit, gc, sys
from pipeline.cli import app
mounting = app._mount
def mount():
    assert not gc.isenabled()
    mounting()
app._mount = mount
sys.argv = ["scenescribe", *{words!r}]
try:
    app.main()
except SystemExit as end:
    assert (end.code or 0) == {code}, end.code
assert gc.isenabled() and gc.get_freeze_count() > 1000
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
