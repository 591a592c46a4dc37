"""The command line as people expect one: completion, NO_COLOR, pipes that close early, a table after a folder of many films."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline.bench.films import FilmSpec, write

SCENESCRIBE = f"{sys.executable} -m pipeline.cli"


def shell(command: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of bash, as a person types it."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "NO_COLOR", "FORCE_COLOR"))
    }
    return subprocess.run(
        ["bash", "-c", command], cwd=cwd, env={**clean, "COLUMNS": "160", **environment}, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 files: films of four kinds, and what is none."""
    folder = tmp_path_factory.mktemp("many") / "films"
    (folder / "more").mkdir(parents=True)
    kinds = {"a.mp4": 10, "b.mkv": 12, "c.avi": 15, "d.mov": 10}
    for name, fps in kinds.items():
        write(folder / name, FilmSpec(seconds=1, width=64, height=48, fps=fps, gop=5))
    for number in range(40):
        kind = ("a.mp4", "b.mkv", "c.avi", "d.mov")[number % 4]
        place = folder / "more" if number % 3 == 0 else folder
        shutil.copy(folder / kind, place / f"{number:02}{Path(kind).suffix}")
    for number in range(4):
        (folder / f"text{number}.mp4").write_text("no film")
    (folder / "empty.mp4").touch()
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_a_folder_of_fifty_mixed_files_ends_in_a_table(films: Path, tmp_path: Path) -> None:
    assert sum(path.is_file() for path in films.rglob("*")) == 50
    done = shell(f"{SCENESCRIBE} caption {films} -r -o out --engine echo --windows fixed:seconds=1", tmp_path)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    head = next(at for at, line in enumerate(lines) if line.split() == ["film", "state", "reason", "length"])
    rows = lines[head + 1 : -3]
    assert len(rows) == 49
    assert sum(" done " in row and row.split()[-1].count(":") == 1 for row in rows) == 44
    assert sum(" failed " in row and "unsupported_or_corrupt" in row for row in rows) == 4
    assert sum(" failed " in row and "empty_file" in row for row in rows) == 1
    assert lines[-3].startswith("44 done, 5 failed · ")
    assert "x real time · " in lines[-3], "one speed for the run"
    assert "windows/s · held back by" in lines[-3]
    assert lines[-2].startswith("decode ")
    assert lines[-1].startswith("  -> ")
    assert len(list((tmp_path / "out").rglob("*.json"))) == 44

    again = shell(f"{SCENESCRIBE} caption {films} -r -o out --engine echo --windows fixed:seconds=1 -q", tmp_path)
    assert len(again.stderr.splitlines()) == 5, "with -q only failures are said"


@pytest.mark.parametrize("listener", ["2>&1 | head -1", "--json -q | head -c 1", "--progress 2>&1 | head -c 30"])
def test_work_goes_on_when_nobody_listens_any_more(films: Path, tmp_path: Path, listener: str) -> None:
    line = f"{SCENESCRIBE} caption {films}/a.mp4 {films}/b.mkv -o out --engine echo {listener}; exit ${{PIPESTATUS[0]}}"
    done = shell(line, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.srt")) == ["a.descriptions.en.srt", "b.descriptions.en.srt"]


UNHEARD = [
    ("--help", 0), ("caption --help", 0), ("--version", 0), ("models", 0), ("caption --print-config", 0), ("caption --no-such", 2),
    ("jobs --state-dir .", 2),
]  # fmt: skip


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("words", "code"), UNHEARD)
def test_an_answer_that_nobody_reads_is_no_failure(words: str, code: int, unbuffered: str, tmp_path: Path) -> None:
    line = f"{SCENESCRIBE} {words} 2>&1 | true; exit ${{PIPESTATUS[0]}}"
    done = shell(line, tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_doctor_misses_is_in_its_exit_code_also_where_nobody_reads_on(unbuffered: str, tmp_path: Path) -> None:
    codes = []
    for reader in ("cat", "true"):
        line = f"PATH=/nowhere IMAGEIO_FFMPEG_EXE=/nowhere/ffmpeg {SCENESCRIBE} doctor | {reader}; exit ${{PIPESTATUS[0]}}"  # no ffmpeg is found
        done = shell(line, tmp_path, PYTHONUNBUFFERED=unbuffered)
        codes.append((done.returncode, done.stderr))
    assert codes == [(3, "")] * 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["--version", "--help", "models", "caption --print-config"])
def test_an_answer_that_finds_no_room_is_a_failure(words: str, unbuffered: str, tmp_path: Path) -> None:
    done = shell(f"{SCENESCRIBE} {words} > /dev/full", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "scenescribe: no_space: a disk is full; make room and run it again"


@pytest.mark.parametrize(
    ("name", "sign"), [("bash", "COMPREPLY"), ("zsh", "#compdef scenescribe"), ("fish", "complete --command scenescribe")]
)
def test_completion_is_printed_for_each_shell_and_completes(name: str, sign: str, tmp_path: Path) -> None:
    program = f"{sys.executable} -c \"import sys; sys.argv[0] = 'scenescribe'; from pipeline.cli.app import main; main()\""
    script = shell(program, tmp_path, _SCENESCRIBE_COMPLETE=f"source_{name}")
    assert (script.returncode, sign in script.stdout) == (0, True), script.stderr
    assert "_SCENESCRIBE_COMPLETE=complete_" in script.stdout
    if name == "bash":
        assert subprocess.run(["bash", "-n"], input=script.stdout, text=True, check=False).returncode == 0
        found = shell(
            program, tmp_path, _SCENESCRIBE_COMPLETE="complete_bash", COMP_WORDS="scenescribe caption --mo", COMP_CWORD="2"
        )
        assert "--model" in found.stdout.split()


def test_no_color_means_no_color(films: Path, tmp_path: Path) -> None:
    command = f"{SCENESCRIBE} caption --help; {SCENESCRIBE} models"
    coloured, plain = (on_a_terminal(command, tmp_path, environment) for environment in ({}, {"NO_COLOR": "1"}))
    colour = re.compile(r"\x1b\[([0-9]+;)*[349][0-7]m")
    assert colour.search(coloured)
    assert not colour.search(plain)
    assert "\x1b" not in shell(command, tmp_path).stdout, "nor anything else where stdout is no terminal"


def on_a_terminal(command: str, cwd: Path, environment: dict[str, str]) -> str:
    """All that a command writes to a terminal."""
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "CI", "GITHUB_ACTIONS")}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", command], cwd=cwd, env={**clean, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed: that is how a terminal says it on Linux
                break
            if not piece:
                break
            said += piece
    os.close(ours)
    return said.decode("utf-8", "replace")
