"""``scenescribe caption`` from outside: files written, words said, exit codes; with the echo engine, which runs no model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

from pipeline.bench.films import FilmSpec, write

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ECHO = ("--engine", "echo")


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_film_becomes_a_document_and_subtitles(run: Run, film: Path, tmp_path: Path) -> None:
    done = run("caption", film, "-o", tmp_path / "out", *ECHO)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "film.descriptions.en.srt", "film.descriptions.en.vtt", "film.descriptions.json",
    ]  # fmt: skip
    document = load(tmp_path / "out/film.descriptions.json")
    assert [(caption["start"], caption["end"]) for caption in document["captions"]] == [(0, 4), (4, 8), (8, 12)]
    for caption in document["captions"]:
        assert len(caption["frames"]) == 8
        assert caption["frames"] == sorted(caption["frames"])
        assert caption["start"] <= caption["frames"][0] < caption["frames"][-1] < caption["end"]
    assert document["shots"] == [4, 8]
    assert document["source"]["name"] == "film.mp4"
    assert document["stats"]["asked"] == 3


def test_inputs_that_fail_say_why_in_one_line_each_and_the_others_go_on(run: Run, film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is no film\n" * 100)
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    weird = os.fsencode(tmp_path) + b"/b\xff\n1.mp4"
    Path(os.fsdecode(weird)).write_bytes(b"\x00" * 3000)
    names = [tmp_path / name for name in ("gone.mp4", "text.mp4", "empty.mp4", "pipe.mp4")]
    done = run("caption", *names, weird, film, "-o", tmp_path / "out", "-q", *ECHO)
    assert done.returncode == 1
    codes = {line.split(": ")[0].rpartition("/")[2]: line.split(": ")[1] for line in done.stderr.splitlines()}
    assert codes == {
        "gone.mp4": "not_found",
        "text.mp4": "unsupported_or_corrupt",
        "empty.mp4": "empty_file",
        "pipe.mp4": "not_a_regular_file",
        "b\\xff\\n1.mp4": "unsupported_or_corrupt",
    }, done.stderr
    assert (tmp_path / "out/film.descriptions.en.srt").exists()


def test_an_output_folder_that_cannot_be_written_fails_before_decoding(run: Run, film: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("caption", film, "-o", tmp_path / "file/out", *ECHO)
    assert done.returncode == 1
    assert f"{film}: unwritable: " in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--model", "shapse"], 2, "did you mean"),
        (["--engine", "vlm"], 2, "did you mean"),
        (["--windows", "scene"], 2, "did you mean 'scenes'"),
        (["--sampler", "uniform:cout=4"], 2, "did you mean 'count'"),
        (["--sampler", "uniform:count=many"], 2, "uniform:count=many"),
        (["--top-p", "7"], 2, "--top-p 7"),
        (["--profile", "netflx"], 2, "did you mean 'netflix'"),
        (["-f", "srt,vt"], 2, "did you mean 'vtt'"),
        (["--language", "english please"], 2, "no language tag"),
        (["--engine-arg", "block_size"], 2, "KEY=VALUE"),
        (["--engine", "openai"], 2, "--base-url"),
        (["--no-such-option"], 2, "--no-such-option"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_before_anything_starts(
    run: Run, film: Path, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    done = run("caption", film, "-o", tmp_path / "out", *(ECHO if "--engine" not in words else ()), *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_finished_films_are_skipped_and_what_is_missing_is_made_without_asking(run: Run, film: Path, tmp_path: Path) -> None:
    out, words = tmp_path / "out", ("caption", film, "-o", tmp_path / "out", *ECHO)
    assert run(*words).returncode == 0
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    again = run(*words)
    assert (again.returncode, "skipped" in again.stderr) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before

    (out / "film.descriptions.en.srt").unlink()
    more = run(*words, "-f", "srt,ass", "--json")
    assert more.returncode == 0
    assert {path.name for path in out.iterdir()} == {path.name for path in before} | {"film.descriptions.en.ass"}
    assert (out / "film.descriptions.json").stat().st_mtime_ns == before[out / "film.descriptions.json"]

    other = run(*words, "--seed", "1")
    assert (other.returncode, "settings_differ" in other.stderr) == (1, True)
    assert run(*words, "--seed", "1", "--overwrite").returncode == 0
    assert load(out / "film.descriptions.json")["settings"]["seed"] == 1


def test_a_file_that_we_did_not_write_is_never_overwritten(run: Run, film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "film.descriptions.en.srt").write_text("mine")
    refused = run("caption", film, "-o", out, *ECHO)
    assert (refused.returncode, "output_exists" in refused.stderr) == (1, True)
    assert [path.name for path in out.iterdir()] == ["film.descriptions.en.srt"]
    assert (out / "film.descriptions.en.srt").read_text() == "mine"
    (out / "film.descriptions.json").write_text("{}")
    assert "output_exists" in run("caption", film, "-o", out, *ECHO).stderr
    assert run("caption", film, "-o", out, "--overwrite", *ECHO).returncode == 0


def test_a_folder_keeps_its_tree_and_equal_names_are_not_lost(run: Run, film: Path, tmp_path: Path) -> None:
    for place in ("in/a/x.mp4", "in/b/x.mp4", "in/b/x.mkv", "in/b/.hidden.mp4", "in/b/notes.txt"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(film, tmp_path / place)
    done = run("caption", tmp_path / "in", "--recursive", "-o", tmp_path / "out", "-f", "srt", *ECHO)
    assert done.returncode == 0, done.stderr
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.json"))
    assert found == ["a/x.descriptions.json", "b/x.mkv.descriptions.json", "b/x.mp4.descriptions.json"]
    assert "no_videos" in run("caption", tmp_path / "in", *ECHO).stderr
    assert f"  -> 6 files in {tmp_path}/out/a, {tmp_path}/out/b\n" in done.stderr


def test_a_run_of_many_films_ends_with_where_its_files_are(run: Run, film: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("x.mp4", "y.mp4"):
        shutil.copy(film, tmp_path / "in" / name)
    first = run("caption", "in", "-o", "out", "-f", "srt", "--report", "page.html", *ECHO)
    assert first.stderr.endswith("  -> 4 files in out\n  report: page.html\n"), first.stderr
    again = run("caption", "in", "-o", "out", "-f", "srt", *ECHO)
    assert "2 skipped" in again.stderr
    assert "->" not in again.stderr, "nothing was written"
    assert run("caption", "in", "-o", "out", "-f", "srt", "--overwrite", "-q", *ECHO).stderr == ""


def test_programs_get_one_json_object_a_film(run: Run, film: Path, tmp_path: Path) -> None:
    done = run("caption", film, tmp_path / "gone.mp4", "-o", tmp_path / "out", "--json", "-q", *ECHO)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(Path(line["path"]).name, line["state"]) for line in lines} == {("film.mp4", "done"), ("gone.mp4", "failed")}


def test_strict_counts_faults_and_not_what_only_shortens_a_text(run: Run, film: Path, tmp_path: Path) -> None:
    fast = ("--max-cps", 3, *ECHO)  # nobody reads as slowly as that
    done = run("caption", film, "-o", tmp_path / "a", "--strict", *fast)
    assert done.returncode == 0
    assert len([line for line in done.stderr.splitlines() if ": note: " in line]) == 1, "one line a film"
    write(tmp_path / "whole.mkv", FilmSpec(seconds=4, width=64, height=48, fps=10, gop=5))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes((tmp_path / "whole.mkv").read_bytes()[:-2000])
    quiet = run("caption", cut, "-o", tmp_path / "b", "-q", *ECHO)
    assert quiet.returncode == 0
    assert len(quiet.stderr.splitlines()) == 1, "-q keeps what matters"
    assert ": warning: " in quiet.stderr
    assert run("caption", cut, "-o", tmp_path / "c", "--strict", *ECHO).returncode == 1


def test_flags_before_environment_before_file_before_defaults(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('seed = 1\nlanguage = "de"\nmax-tokens = 5\n')
    env = {"SCENESCRIBE_LANGUAGE": "fr", "SCENESCRIBE_MAX_TOKENS": "6", "OPENAI_API_KEY": "secret"}
    shown = run("caption", "--config", tmp_path / "c.toml", "--print-config", "--max_tokens", "7", env=env).stdout
    values = dict(line.split(" = ", 1) for line in shown.splitlines() if " = " in line)
    assert values["max-tokens"].split("#") == ["7" + values["max-tokens"].split("#")[0][1:], " flag"]
    assert values["language"].startswith('"fr"')
    assert "environment" in values["language"]
    assert values["seed"].startswith("1 ")
    assert "c.toml" in values["seed"]
    assert "default" in values["top-p"]
    assert "secret" not in shown
    (tmp_path / "bad.toml").write_text("sed = 1")
    bad = run("caption", "--config", tmp_path / "bad.toml", "--print-config")
    assert (bad.returncode, "did you mean 'seed'" in bad.stderr) == (2, True)


SLOW = """
import sys, models.engines
from models.engines.echo import EchoCaptioner
models.engines.open_captioner = lambda *_, **__: EchoCaptioner(delay=0.25, capacity=1)
from pipeline.cli.app import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_run_that_is_stopped_goes_on_where_it_was(film: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    out, words = tmp_path / "out", ["caption", str(film), "-o", str(tmp_path / "out"), "--windows", "fixed:seconds=1", *ECHO]
    process = subprocess.Popen([sys.executable, "-c", SLOW, *words], stderr=subprocess.PIPE, text=True)
    journal = out / ".film.descriptions.journal"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (not journal.exists() or journal.read_text().count("\n") < 5):
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, said
    assert "Traceback" not in said
    kept = journal.read_text().count("\n") - 1
    assert 4 <= kept < 12
    assert [path.name for path in out.iterdir()] == [journal.name], "no half-written output"

    rest = subprocess.run([sys.executable, "-c", SLOW, *words, "--json"], capture_output=True, text=True, check=True)
    stats = json.loads(rest.stdout)["stats"]
    assert (stats["resumed"], stats["asked"]) == (kept, 12 - kept)
    assert f"12 captions, {kept} of them from before" in rest.stderr
    assert [caption["start"] for caption in load(out / "film.descriptions.json")["captions"]] == list(range(12))
    assert not journal.exists()


def test_an_accident_is_one_line_and_its_traceback_is_in_the_log(run: Run, film: Path, tmp_path: Path) -> None:
    (tmp_path / "other.mp4").write_bytes(film.read_bytes())
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "from pipeline.sources.film import FilmSource\n"
        "real = FilmSource.changed\n"
        "def changed(self):\n"
        "    if self.path.name == 'film.mp4':\n"
        "        raise ZeroDivisionError('an accident')\n"
        "    return real(self)\n"
        "FilmSource.changed = changed\n"
    )
    bad = {"PYTHONPATH": os.fspath(tmp_path / "site")}
    films = (film, tmp_path / "other.mp4", "-o", tmp_path / "out", "-q", *ECHO)
    done = run("caption", *films, "--log-file", tmp_path / "log.txt", env=bad)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "film.mp4: internal_error: a fault of ours (ZeroDivisionError: an accident)" in done.stderr
    assert (tmp_path / "out/other.descriptions.json").exists()
    log = (tmp_path / "log.txt").read_text()
    assert "internal error" in log
    assert "in changed\n    raise ZeroDivisionError" in log
    assert "Traceback" in run("caption", film, "-o", tmp_path / "out", "-v", *ECHO, env=bad).stderr
    assert run("caption", *films).returncode == 0, "the next run asks again"


def test_a_part_of_a_film_is_never_the_finished_film(run: Run, film: Path, tmp_path: Path) -> None:
    words = ("caption", film, "-o", tmp_path / "out", "-f", "srt", *ECHO)
    part = run(*words, "--from", "0:05", "--to", "10.5")
    assert part.returncode == 0, part.stderr
    assert "0:06 in" in part.stderr, "the length of the part"
    document = load(tmp_path / "out/film.5s-10.5s.descriptions.json")
    assert [(caption["start"], caption["end"]) for caption in document["captions"]] == [(5, 8), (8, 10.5)]
    assert all(5 <= time < 10.5 for caption in document["captions"] for time in caption["frames"])
    assert (document["shots"], document["settings"]["part"]) == ([8], [5, 10.5])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "film.5s-10.5s.descriptions.en.srt", "film.5s-10.5s.descriptions.json",
    ]  # fmt: skip
    assert "3 captions" in run(*words).stderr, "the film itself is described anew"
    assert "skipped" in run(*words, "--from", "5", "--to", "0:10.5").stderr
    shutil.copy(tmp_path / "out/film.5s-10.5s.descriptions.json", tmp_path / "out/film.descriptions.json")
    assert "settings_differ" in run(*words).stderr, "nor is it taken for it under another name"


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("--from", "12"), 1, "range_past_the_end"),
        (("--from", "5", "--to", "0:05"), 2, "bad_range"),
        (("--from", "0:75"), 2, "bad_value: --from 0:75"),
        (("--to", "-1"), 2, "bad_value: --to -1"),
    ],
)
def test_a_part_that_cannot_be_is_one_line(run: Run, film: Path, words: tuple[str, ...], code: int, reason: str) -> None:
    refused = run("caption", film, "-q", *ECHO, *words)
    assert (refused.returncode, reason in refused.stderr, len(refused.stderr.splitlines())) == (code, True, 1), refused.stderr
