"""The files of docs/extending.md, put where the page says: found by their places; the contract tests run over the format."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import ROOT, SHELL, blocks
from patience import PATIENCE

from pipeline.bench.films import FilmSpec, write

PAGE = ROOT / "docs/extending.md"
NAMED = re.compile(r"# ((?:pipeline|models)/\S+)\n")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of both packages with the page's files in it, and a film beside them."""
    house = tmp_path_factory.mktemp("house")
    skip = shutil.ignore_patterns("__pycache__", "*.safetensors")
    for package in ("pipeline", "models"):
        shutil.copytree(ROOT / package, house / package, ignore=skip)
    for block in blocks(PAGE):
        if block.kind == "python":
            name = NAMED.match(block.text)
            assert name, block
            assert not (house / name[1]).exists()
            (house / name[1]).write_text(block.text)
    write(house / "movie.mp4", FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    return house


def run(house: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "XDG_", "PYTEST_"))}
    environment = clean | {"PYTHONPATH": str(house), "SCENESCRIBE_ENGINE": "echo", "HOME": str(house)}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def test_the_commands_of_the_page_find_the_new_files(house: Path) -> None:
    words = f'scenescribe() {{ {sys.executable} -m pipeline.cli "$@"; }}\n'
    for block in blocks(PAGE):
        if block.kind in SHELL:
            run(house, "bash", "-euo", "pipefail", "-c", words + block.text)
    assert re.fullmatch(r"(\[\d\d:\d\d\.\d\d\].*\n)+", (house / "karaoke.lrc").read_text())
    assert (house / "beeps.flac").stat().st_size > 10_000
    captions = json.loads((house / "parts/movie.descriptions.json").read_text())["captions"]
    assert [(caption["start"], caption["end"], len(caption["frames"])) for caption in captions] == [
        (0, 2, 2),
        (2, 4, 2),
        (4, 6, 2),
    ]


def test_the_contract_tests_hold_for_the_new_format(house: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "-k", "lrc"]
    said = run(house, sys.executable, "-m", "pytest", *options, str(ROOT / "tests/pipeline/formats/test_contract.py")).stdout
    found = re.search(r"(\d+) passed", said)
    assert found, said
    assert int(found[1]) >= 3, said


def test_the_source_and_the_sink_of_the_page_are_joined_by_describe(house: Path) -> None:
    assert run(house, sys.executable, "-m", "pipeline.try_it").stdout.splitlines() == [
        "0 s: 1 frame of 64x64 in 0.0 s: #000000.",
        "1 s: 1 frame of 64x64 in 0.0 s: #808080.",
        "2 s: 1 frame of 64x64 in 0.0 s: #ffffff.",
    ]
