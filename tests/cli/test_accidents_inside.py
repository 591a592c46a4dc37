"""A fault of ours at any step inside ``burn`` and ``mux``: told with its traceback, exit 1, nothing half written, and the next run does it."""

import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline import media
from pipeline.cli.app import main

SRT = "1\n00:00:00,200 --> 00:00:00,800\nOne\n\n2\n00:00:20,000 --> 00:00:21,000\nAfter the film\n"
HOMES = {"burn": "pipeline.media.burning", "mux": "pipeline.media.muxing"}
BURN = (
    "find_ffmpeg", "unfinished.film", "workplace", "able", "add_fonts", "edits", "exchanged", "plan", "source_packets", "check_clock",
    "tidy", "inside", "with_cues", "check_fonts", "fitted", "render", "repeats", "entrance", "graph", "attached", "run", "check_burned",
)  # fmt: skip
MUX = (
    "find_ffmpeg", "unfinished.film", "workplace", "able", "copying.copy", "copying.check_times", "copying.edits", "copying.refuse",
    "copying.exchanged", "copying.plan", "true_end", "inside", "equal_tracks", "with_cues", "one_at_a_time", "copying.made_up", "reading",
    "entrance", "graph", "attached", "run", "copying.check_copy", "copying.check_muxed", "chaptering.inside", "chaptering.arguments",
    "chaptering.check",
)  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=10,format=yuv420p", "-c:v", "libx264", "-preset", "ultrafast")
    subprocess.run([media.find_ffmpeg().path, "-v", "error", *picture, path], check=True, timeout=PATIENCE)
    return path


@pytest.fixture
def run(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    (tmp_path / "film.mp4").symlink_to(film)
    (tmp_path / "film.srt").write_text(SRT)

    def run(command: str) -> int:
        more = ["--preset", "ultrafast"] if command == "burn" else []
        monkeypatch.setattr("sys.argv", ["scenescribe", command, str(tmp_path / "film.mp4"), str(tmp_path / "film.srt"), *more])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


@pytest.mark.parametrize(("command", "step"), [*(("burn", step) for step in BURN), *(("mux", step) for step in MUX)])
def test_an_accident_inside(
    command: str,
    step: str,
    run: Callable[[str], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def breaks(*_: object, **__: object) -> object:
        raise RuntimeError(f"broken at {step}")

    with monkeypatch.context() as patch:
        home: object = import_module(HOMES[command])
        *rooms, name = step.split(".")
        for room in rooms:
            home = getattr(home, room)
        patch.setattr(home, name, breaks)
        assert run(command) == 1
    said = capsys.readouterr().err
    assert f"film.mp4: internal_error: a fault of ours (RuntimeError: broken at {step})" in said
    assert "Traceback" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "film.srt"], "nothing half written"


@pytest.mark.parametrize("command", ["burn", "mux"])
def test_the_next_run_does_it_and_counts_the_cues_that_are_in_the_film(
    command: str, run: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 0
    assert (tmp_path / "film.described.mp4").stat().st_size
    said = capsys.readouterr()
    assert "past_the_end" in said.err
    if command == "burn":
        assert "1 cue burned in" in said.err + said.out


def test_an_accident_of_caption_burn_is_asked_again(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def caption() -> int:
        words = ["caption", str(film), "-o", str(tmp_path), "--engine", "echo", "-f", "srt", "--burn", "--mux", "-q"]
        monkeypatch.setattr("sys.argv", ["scenescribe", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    def breaks(*_: object, **__: object) -> object:
        raise RuntimeError("broken while it was checked")

    with monkeypatch.context() as patch:
        patch.setattr(import_module(HOMES["burn"]), "check_burned", breaks)
        assert caption() == 1
    assert "internal_error" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.described*"))
    assert caption() == 0
    assert len(list(tmp_path.glob("*.described*"))) == 2
