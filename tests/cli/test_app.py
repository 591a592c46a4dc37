"""The command line's first impression: quick, and nothing heavy behind ``--help``."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline import __version__
from pipeline.cli import console

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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["capton"], "scenescribe: unknown_command: no such command 'capton'. Did you mean 'caption'?"),
        (["caption", "x", "--modle", "y"], "scenescribe: unknown_option: there is no --modle; near it: --model"),
        (["caption", "--model"], "scenescribe: bad_value: option '--model' requires an argument"),
        (["caption", "x", "--memory-gb", "much"], "scenescribe: bad_value: invalid value for '--memory-gb'"),
        (["burn", "film.mp4"], "scenescribe: no_input: name SUBTITLES"),
        (["jobs", "frob"], "scenescribe: unknown_command: no such command 'frob'"),
        (["models", "more"], "scenescribe: bad_value: got unexpected extra argument"),
    ],
)
def test_words_that_no_command_takes_are_one_line_with_a_code(words: list[str], said: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert done.stderr.endswith("--help)\n")
    assert done.stderr.count("\n") == 1


def test_without_a_word_the_help_is_said() -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.cli"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Commands\n  caption " in done.stderr


def test_lines_of_a_terminal_break_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be typed can be read and copied; a word that is wider than the terminal stays whole, as do other lines."""
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("LINES", "20")
    text = "scenescribe: model_not_named: name a model with --model (scenescribe models lists them)"
    lines = console.wrapped(text).split("\n")
    assert " ".join(lines) == text
    assert max(map(len, lines)) <= 30
    assert console.wrapped("a" * 50 + " b\nshort  line") == "a" * 50 + "\nb\nshort  line"
    assert console.wrapped("\u6771" * 20 + " b") == "\u6771" * 20 + "\nb"


@pytest.mark.parametrize("name", ["-leading dash.mp4", "--trailer.mp4", "-q.mkv"])
def test_a_film_whose_name_begins_with_a_dash_is_told_how_it_is_named(name: str, run: Any, film: Path, tmp_path: Path) -> None:
    """As a shell's pattern gives it: ``scenescribe caption *``. ``-leading`` was the option -l with a value, and nothing said so."""
    shutil.copy(film, tmp_path / name)
    done = run("caption", name, "--engine", "echo")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"bad_value: the file '{name}' would be read as an option: write './{name}'" in done.stderr
    assert run("caption", f"./{name}", "--engine", "echo", "-o", "out").returncode == 0
    assert run("caption", "--engine", "echo", "-o", "out", "--overwrite", "--", name).returncode == 0
