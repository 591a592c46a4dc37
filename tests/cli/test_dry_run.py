"""``--dry-run`` says what would be done and does nothing; after a first run it says how long it will take."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from pipeline.cli.dry_run import total, windows_of
from pipeline.families import parse
from pipeline.store import past
from pipeline.store.past import Past

Run = Callable[..., Any]
ECHO = ("--engine", "echo")


def test_nothing_is_written_and_what_is_expected_is_said(run: Run, film: Path, tmp_path: Path) -> None:
    words = ("caption", film, tmp_path / "gone.mp4", *ECHO, "-o", tmp_path / "out", "--windows", "fixed:seconds=5")
    done = run(*words, "--dry-run", "--json")
    assert done.returncode == 1, "one of them is not there"
    assert "film.mp4: 0:12, about 3 windows" in done.stderr
    assert "not known before a first run" in done.stderr
    assert not (tmp_path / "out").exists()
    assert [json.loads(line)["state"] for line in done.stdout.splitlines()] == ["would_describe", "failed"]

    assert run(*words).returncode == 1
    again = run(*words, "--dry-run")
    assert "film.mp4: finished" in again.stderr
    (file,) = tmp_path.rglob("past.json")  # a machine on which the start took long
    file.write_text(re.sub(r'"start": ?[0-9.]+', '"start": 13.0', file.read_text()))
    anew = run(*words, "--dry-run", "--overwrite")
    assert "about 3 windows" in anew.stderr
    assert "by the latest run here" in anew.stderr, "the first run is remembered"
    assert "output tokens" in anew.stderr
    assert "model" not in anew.stderr.splitlines()[-1], "echo loads none, however slowly it started"


def test_a_film_that_tells_no_length_has_none(run: Run, film: Path, tmp_path: Path) -> None:
    """It was 0:00, and so was what it would take."""
    raw = tmp_path / "raw.h264"
    made = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=2"]
    subprocess.run([*made, "-c:v", "libx264", "-f", "h264", str(raw)], check=True)
    done = run("caption", raw, film, *ECHO, "--dry-run", "--windows", "fixed:seconds=5", "--json")
    assert done.returncode == 0, done.stderr
    assert [(one["seconds"], one["windows"]) for one in map(json.loads, done.stdout.splitlines())] == [(None, None), (12.0, 3)]
    assert "raw.h264: its file tells no length, a run finds out" in done.stderr
    assert "2 films to describe · 0:12 · about 3 windows, and more for 1 film of unknown length · " in done.stderr


def test_windows_are_counted_or_as_dense_as_before() -> None:
    fixed, scenes = parse("windows", "fixed:seconds=8"), parse("windows", "scenes")
    assert windows_of(80.0, fixed, None) == 10
    assert windows_of(80.0, parse("windows", "fixed:seconds=8,overlap=2"), None) == 13
    assert windows_of(60.0, scenes, None) == 10
    assert windows_of(60.0, scenes, Past(film=30.0, windows=10, seconds=3.0)) == 20


def test_the_last_line_is_in_proportion_to_the_latest_run() -> None:
    known = Past(start=54, film=60, seconds=20, windows=10, prompt_tokens=4000, completion_tokens=500)
    assert total(2, 600, 100, known) == (
        "2 films to describe · 10:00 · about 100 windows · about 3:20 and 0:54 for loading the model · "
        "about 40,000 prompt and 5,000 output tokens, by the latest run here · nothing was written"
    )


def test_what_is_remembered_is_bounded_and_damage_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state/past.json"
    monkeypatch.setattr(past, "_file", lambda: file)
    assert past.recall("a") is None
    past.remember("a", Past(start=50, windows=3, seconds=1))
    past.remember("a", Past(windows=4, seconds=1))
    assert past.recall("a") == Past(start=50, windows=4, seconds=1), "an engine that was there loaded nothing"
    for n in range(200):
        past.remember(f"kind {n}", Past(windows=1))
    assert len(json.loads(file.read_text())) == past.MOST
    for damaged in ("[" * 100_000, "{", '{"a": {"windows": "x"}}', '{"a": {"windows": 1e999}}', '{"a": 3}'):
        file.write_text(damaged)
        assert past.recall("a") is None
    file.unlink()
    os.mkfifo(file)
    assert past.recall("a") is None
    past.remember("a", Past(windows=1))


def test_context_is_asked_with_each_window_and_part_of_what_makes_captions_the_same(run: Run, film: Path, tmp_path: Path) -> None:
    (tmp_path / "about.txt").write_text("Anna and her dog Rex, in Bergen.")
    words = ("caption", film, *ECHO, "-o", tmp_path / "out")
    assert run(*words, "--context", tmp_path / "about.txt").returncode == 0
    prompt = json.loads((tmp_path / "out/film.descriptions.json").read_text())["settings"]["prompt"]
    assert "Anna and her dog Rex, in Bergen." in prompt
    assert "settings_differ" in run(*words).stderr, "without it they are other captions"
    assert "skipped" in run(*words, "--context", "Anna and her dog Rex, in Bergen.").stderr, "the text itself is the same"
    own = tmp_path / "own.mp4"
    own.symlink_to(film)
    (tmp_path / "own.context.txt").write_text("The dog is called Rex <image>.")
    assert run("caption", own, *ECHO, "-o", tmp_path / "own").returncode == 0
    assert (
        "called Rex \u2039image\u203a." in json.loads((tmp_path / "own/own.descriptions.json").read_text())["settings"]["prompt"]
    )
    assert "finished" in run("caption", own, *ECHO, "-o", tmp_path / "own", "--dry-run").stderr
    assert "settings_differ" in run("caption", own, *ECHO, "-o", tmp_path / "own", "--no-context-files").stderr
    (tmp_path / "long.txt").write_text("x" * 4001)
    for bad in (tmp_path / "long.txt", "gone.txt", tmp_path):
        refused = run(*words, "--context", bad)
        assert (refused.returncode, "bad_context" in refused.stderr) == (2, True), refused.stderr


def test_nice_is_the_process_s_own_and_its_children_s(run: Run, film: Path, tmp_path: Path) -> None:
    code = (
        "import os; from pipeline.host import give_way; before = os.getpriority(os.PRIO_PROCESS, 0);"
        "give_way(7); give_way(3); import subprocess, sys;"
        "print(os.getpriority(os.PRIO_PROCESS, 0), subprocess.run(['nice'], capture_output=True, text=True).stdout.strip())"
    )
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "7"]
    assert run("caption", film, *ECHO, "-o", tmp_path / "n", "--nice", "9").returncode == 0
    assert run("caption", film, *ECHO, "--nice", "20").returncode == 2


def test_a_folder_does_not_get_the_embedded_model_by_accident(run: Run, film: Path, tmp_path: Path) -> None:
    refused = run("caption", film.parent, "-o", tmp_path / "out", env={"CUDA_VISIBLE_DEVICES": ""})
    assert (refused.returncode, "model_not_named" in refused.stderr) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_recording_of_two_parts_is_as_long_as_both(run: Run, film: Path, tmp_path: Path) -> None:
    """Its container tells the last time above the first, and that is the length of one of them."""
    part = tmp_path / "part.ts"
    words = ("-v", "error", "-nostdin", "-i", str(film), "-c", "copy", "-an", str(part))
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *words], check=True)
    (tmp_path / "both.ts").write_bytes(part.read_bytes() * 2)
    done = run("caption", tmp_path / "both.ts", *ECHO, "--dry-run")
    assert "both.ts: 0:24, " in done.stderr
