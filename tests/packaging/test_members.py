"""Somebody's package, installed by pip, brings a member of each family; the command line uses them as it uses ours."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from patience import PATIENCE
from PIL import Image

from pipeline.bench.films import FilmSpec, write

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "scenescribe-fakes"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["fakes"]
[project.entry-points."scenescribe.formats"]
shout = "fakes.loud_format"
torn = "fakes.torn"
[project.entry-points."scenescribe.samplers"]
middle = "fakes.middle_sampler"
bare = "fakes"
[project.entry-points."scenescribe.windows"]
halves = "fakes.halves_rule"
[project.entry-points."scenescribe.engines"]
parrot = "fakes.parrot_engine"
dumb = "fakes"
gone = "fakes.nowhere"
[project.entry-points."scenescribe.sinks"]
board = "fakes.board_sink"
[project.entry-points."scenescribe.sources"]
shades = "fakes.shades_source"
[project.entry-points."scenescribe.imagesources"]
albums = "fakes.albums"
[project.entry-points."scenescribe.layouts"]
records = "fakes.records"
[project.entry-points."scenescribe.voices"]
beeps = "fakes.beeps"
[project.entry-points."scenescribe.presets"]
tiny-bird = "fakes.birds"
no-bird = "fakes.birds"
"""
FILES = {
    "__init__.py": "",
    "torn.py": "raise RuntimeError('torn\\nin two')\n",
    "loud_format.py": '''
from pipeline.formats import base

class Format(base.Format):
    suffix = ".shout"

    def write(self, track, document=None):
        return "".join(cue.text.upper() + "\\n" for cue in track.cues)
''',
    "middle_sampler.py": '''
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    part: float = 0.5
    keyframes_only: ClassVar[bool] = False
    wants_keyframes: ClassVar[bool] = False

    def times(self, start, end, keyframes=()):
        return [start + self.part * (end - start)]

    def spacing(self, shortest):
        return shortest / 2
''',
    "parrot_engine.py": '''
from models.engines.echo import EchoCaptioner

class Parrot(EchoCaptioner):
    engine = "parrot"
    engine_version = "7"

def open(preset, options, access):
    return Parrot()
''',
    "board_sink.py": '''
from dataclasses import dataclass
from pathlib import Path
from pipeline.sinks.base import Written

@dataclass(kw_only=True)
class Sink:
    path: Path
    mark: str = "-"
    journal = None

    async def open(self, info):
        self.lines = [info.path.name]

    async def caption(self, caption):
        self.lines.append(f"{self.mark} {caption.start:.0f}")

    async def close(self, document, *, current=False):
        self.path.write_text("\\n".join([*self.lines, document.language]))
        return Written(new=True, paths=(self.path,))
''',
    "birds/__init__.py": "",
    "birds/tiny-bird.toml": 'id = "./nest"\nprompt = "Which bird?"\nsampler = "middle"\n[size]\nside = 64\n',
    "birds/nest/README": "weights would be here",
}  # fmt: skip
SHOWN = {
    "shades_source": "sources/shades",
    "albums": "imagesources/albums",
    "records": "datasets/layouts/records",
    "beeps": "voices/beeps",
}
"""module of the package -> the file that the page shows"""
PAGE = Path(__file__).parents[2] / "docs/extending.md"
HALVES = Path(__file__).parents[2] / "pipeline/windows/fixed.py"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def scenescribe(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command, with the package installed in a folder of its own."""
    home = tmp_path_factory.mktemp("fakes")
    for name, text in FILES.items():
        path = home / "project/fakes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (home / "project/fakes/halves_rule.py").write_text(HALVES.read_text())  # a rule of ours under another name
    for module, file in SHOWN.items():
        shown = re.search(rf"```python\n# pipeline/{file}.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
        assert shown, file
        (home / f"project/fakes/{module}.py").write_text(shown[1])
    (home / "project/pyproject.toml").write_text(PROJECT)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", "--quiet",
         "--disable-pip-version-check", "--target", home / "installed", home / "project"],
        check=True,
    )  # fmt: skip
    write(home / "film.mp4", FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "XDG_"))}
    environment = clean | {"PYTHONPATH": str(home / "installed"), "HOME": str(home), "COLUMNS": "200"}

    def run(*words: object, code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *map(str, words)],
            capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=home, env=environment,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    run.place = home, environment | {"PYTHONPATH": f"{home / 'installed'}{os.pathsep}{PAGE.parents[1]}"}  # type: ignore[attr-defined]
    return run


def test_a_member_of_each_family_is_used(scenescribe: Run, tmp_path: Path) -> None:
    words = "--engine parrot --model tiny-bird --windows halves:seconds=3 --sampler middle:part=0.25 -f shout,srt".split()
    scenescribe("caption", "film.mp4", "-o", tmp_path, *words)
    document = json.loads((tmp_path / "film.descriptions.json").read_text())
    assert (document["model"]["engine"], document["model"]["engine_version"]) == ("parrot", "7")
    assert document["model"]["id"].endswith("nest")
    assert [(one["start"], one["end"]) for one in document["captions"]] == [(0, 3), (3, 6)]
    assert [time for one in document["captions"] for time in one["frames"]] == pytest.approx([0.75, 3.75], abs=0.06)
    assert (tmp_path / "film.descriptions.en.shout").read_text().startswith("1 FRAME OF 64X64")
    assert document["settings"]["windows"].startswith("halves:")
    assert document["settings"]["sampler"].startswith("middle:")


def test_a_sink_is_told_of_each_caption(scenescribe: Run, tmp_path: Path) -> None:
    words = ["--engine", "echo", "--windows", "fixed:seconds=2", "-f", "srt", "-o", tmp_path]
    lines = tmp_path / "told.jsonl"
    scenescribe("caption", "film.mp4", *words, "--sink", f"board:path={tmp_path}/board,mark=*", "--sink", f"jsonl:path={lines}")
    assert (tmp_path / "board").read_text().split("\n") == ["film.mp4", "* 0", "* 2", "* 4", "en"]
    written = json.loads((tmp_path / "film.descriptions.json").read_text())["captions"]
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [(one["start"], one["end"], one["text"]) for one in told] == [(w["start"], w["end"], w["text"]) for w in written]
    wrong = scenescribe("caption", "film.mp4", *words, "--sink", "bord:path=x", code=2).stderr
    assert "there is no sink 'bord'; did you mean 'board'? (there are: board, jsonl)" in " ".join(wrong.split())


SOURCE = """
import asyncio
from models.engines.echo import EchoCaptioner
from pipeline.captioning.recipe import Recipe
from pipeline.describe import describe
from pipeline.engine.engine import Engine
from pipeline.families import members, parse
from pipeline.types import Model

async def main():
    model = Model(name="echo", id="echo", revision="", engine="echo", engine_version="1")
    async with Engine(EchoCaptioner()) as engine:
        source, sink = parse("sources", "shades:count=3"), parse("sinks", "board:path=board")
        await describe(source, Recipe(model="echo"), sink, engine, model=lambda: model)
    print(members("sources"), open("board").read().split())

asyncio.run(main())
"""


def test_a_source_and_a_sink_by_their_names(scenescribe: Run) -> None:
    home, environment = scenescribe.place  # type: ignore[attr-defined]
    done = subprocess.run(
        [sys.executable, "-c", SOURCE], cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "['shades'] ['shades', '-', '0', '-', '1', '-', '2', 'en']"


def test_pictures_come_from_an_installed_source_and_go_into_an_installed_format(scenescribe: Run, tmp_path: Path) -> None:
    lines = []
    for shade in (20, 120, 220):
        held = BytesIO()
        Image.new("RGB", (64, 48), (shade, 0, 0)).save(held, "PNG")
        lines.append(base64.b64encode(held.getvalue()).decode())
    (tmp_path / "reds.album").write_text("\n".join(lines))
    scenescribe("annotate", tmp_path / "reds.album", "-o", tmp_path / "out", "--engine", "echo", "--format", "records")
    written = [line.partition("\t") for line in (tmp_path / "out/captions.txt").read_text().splitlines()]
    assert [key for key, _, _ in written] == ["reds/0", "reds/1", "reds/2"]
    assert all(caption for _, _, caption in written)


def test_an_installed_voice_speaks(scenescribe: Run, tmp_path: Path) -> None:
    scenescribe("caption", "film.mp4", "-o", tmp_path, "--engine", "echo", "--windows", "fixed:seconds=3")
    spoken = tmp_path / "spoken.flac"
    words = ["--voice", "beeps:pitch=600", "--place", "window", "-o", spoken]
    scenescribe("speak", "film.mp4", tmp_path / "film.descriptions.json", *words)
    assert spoken.read_bytes()[:4] == b"fLaC"


def test_a_finished_film_is_skipped_and_exported_with_them(scenescribe: Run, tmp_path: Path) -> None:
    words = "--engine parrot --model tiny-bird --windows halves:seconds=3 -f srt".split()
    scenescribe("caption", "film.mp4", "-o", tmp_path, *words)
    assert "skipped" in scenescribe("caption", "film.mp4", "-o", tmp_path, *words).stderr
    scenescribe("export", tmp_path / "film.descriptions.json", "-f", "shout", "-o", tmp_path / "loud.shout")
    assert (tmp_path / "loud.shout").is_file()


def test_they_are_listed(scenescribe: Run) -> None:
    said = scenescribe("models")
    assert "tiny-bird" in said.stdout
    assert "no-bird" in said.stderr, "one that is broken is told, and hides none"
    assert (
        "there is no engine 'parot', did you mean parrot?"
        in scenescribe("caption", "film.mp4", "--engine", "parot", code=2).stderr
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-f", "torn"], "the format 'torn' of the package scenescribe-fakes can't be imported: RuntimeError: torn in two"),
        (["-f", "all"], "the format 'torn' of the package scenescribe-fakes can't be imported"),
        (["--sampler", "bare"], "the sampler 'bare' is none: its module has no class Sampler"),
        (["--engine", "dumb"], "its module has no open(preset, options, access)"),
        (["--engine", "gone"], "the engine 'gone' of the package scenescribe-fakes can't be imported: ModuleNotFoundError"),
        (["--model", "no-bird"], "the preset 'no-bird' of the package scenescribe-fakes is broken: there is no no-bird.toml"),
    ],
)  # fmt: skip
def test_a_broken_one_is_one_line(scenescribe: Run, words: list[str], says: str, tmp_path: Path) -> None:
    engine = [] if "--engine" in words else ["--engine", "echo"]
    code = 3 if words[0] == "--engine" else 2
    lines = scenescribe("caption", "film.mp4", "-o", tmp_path, *engine, *words, code=code).stderr.strip().splitlines()
    assert len([line for line in lines if "plug" in line or says in line]) == 1, lines
    assert says in " ".join(lines)


def test_a_broken_one_is_in_nobodys_way(scenescribe: Run, tmp_path: Path) -> None:
    scenescribe("caption", "film.mp4", "-o", tmp_path, "--engine", "echo", "--windows", "fixed:seconds=3")
    scenescribe("export", tmp_path / "film.descriptions.en.srt", "-o", tmp_path / "again.vtt")
    found = scenescribe("doctor", "--json").stdout
    assert "scenescribe-fakes" in found
