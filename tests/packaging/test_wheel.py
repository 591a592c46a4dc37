"""What is shipped: wheel and sdist build, the wheel installs into an empty environment, and what it brings works from there.

The new environment finds the libraries in the one that runs the tests (a path file), so nothing is downloaded; the packages
``pipeline`` and ``models`` and the command come from the wheel alone.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline import __version__
from pipeline.bench.films import FilmSpec, write

ROOT = Path(__file__).parents[2]
Scenescribe = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True)
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def scenescribe(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Scenescribe:
    """The command of an empty environment with the wheel, run far from the repository."""
    home = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    python = home / "venv/bin/python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", built[".whl"]],
        check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    libraries = next((home / "venv").glob("lib/python*/site-packages"))
    # a line in a path file adds the folder, and does not read the path files in it: not the one of an editable install
    (libraries / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")

    def run(*words: object, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "PYTHON", "XDG_"))}
        done = subprocess.run(
            [home / "venv/bin/scenescribe", *map(str, words)],
            capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=home, env={**clean, "HOME": str(home), "COLUMNS": "120"},
        )  # fmt: skip
        assert code is None or done.returncode == code, done.stderr
        return done

    where = subprocess.run(
        [python, "-c", "import pipeline, models; print(pipeline.__file__, models.__file__)"], capture_output=True, text=True, check=True, cwd=home
    ).stdout  # fmt: skip
    assert str(ROOT) not in where, "the packages come from the wheel"
    return run


def test_the_wheel_carries_what_the_product_needs_and_nothing_else(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = set(wheel.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "pipeline", "models"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()  # fmt: skip
    missing = [name for name in tracked if name not in names and (ROOT / name).exists()]
    assert missing == [], "every file of both packages"
    assert {"pipeline/py.typed", "models/py.typed", "models/presets/shapes.toml", "pipeline/report/page.html.jinja"} <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"pipeline", "models", "scenescribe"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_embedded_model_is_in_the_wheel(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = set(wheel.namelist())
    assert {f"models/shapes/{path.name}" for path in (ROOT / "models/shapes").iterdir() if path.is_file()} <= names
    assert built[".whl"].stat().st_size < 60e6


def test_the_source_distribution_holds_tests_docs_and_samples_and_builds_the_same_wheel(
    built: dict[str, Path], tmp_path: Path
) -> None:
    with tarfile.open(built[".gz"]) as archive:
        archive.extractall(
            tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )  # Python 3.11.4 brought it
    tree = tmp_path / f"scenescribe-{__version__}"
    for name in ("README.md", "LICENSE", "docs", "samples/first.mp4", "tests/packaging", "scripts/demo", "pyproject.toml"):
        assert (tree / name).exists(), name
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=tree, check=True, capture_output=True
    )
    with zipfile.ZipFile(built[".whl"]) as one, zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


def test_the_command_works_from_an_empty_environment(scenescribe: Scenescribe, tmp_path: Path) -> None:
    assert scenescribe("--version").stdout == f"scenescribe {__version__}\n"
    write(tmp_path / "film.mp4", FilmSpec(seconds=4, width=160, height=90, fps=10, gop=10))
    scenescribe("caption", tmp_path / "film.mp4", "--engine", "echo", "--report", tmp_path / "report.html")
    document = json.loads((tmp_path / "film.descriptions.json").read_text())
    assert document["model"]["engine"] == "echo"
    assert (tmp_path / "film.descriptions.en.srt").stat().st_size > 0
    assert (tmp_path / "report.html").stat().st_size > 5_000
    scenescribe("export", tmp_path / "film.descriptions.json", "-f", "ass", "-o", tmp_path / "film.ass")
    assert "[Events]" in (tmp_path / "film.ass").read_text()
    assert "llava-onevision-7b" in scenescribe("models").stdout


def test_doctor_runs_from_an_empty_environment(scenescribe: Scenescribe) -> None:
    found = json.loads(scenescribe("doctor", "--json", code=None).stdout)
    fine = {finding["name"] for finding in found["findings"] if finding["ok"]}
    assert {"python", "ffmpeg", "libass", "embedded model", "disk"} <= fine
    broken = {finding["name"] for finding in found["findings"] if finding["needed"] and not finding["ok"]}
    # the repair of torchvision is a path file of the other environment, and belongs to it alone
    assert broken <= {"torchvision import"}
