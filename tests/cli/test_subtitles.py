"""``export``, ``burn`` and ``mux`` as a user runs them."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import typer
from patience import PATIENCE
from typer.testing import CliRunner

from pipeline.cli import burn as burning
from pipeline.cli import writing

SRT = "1\n00:00:01,000 --> 00:00:03,000\nAn old woman opens the door.\n\n2\n00:00:05,000 --> 00:00:07,500\n猫が窓辺に座って、\n外を眺めている。\n"
GOLDENS = Path(__file__).parents[1] / "goldens" / "formats"


@pytest.fixture
def srt(tmp_path: Path) -> Path:
    path = tmp_path / "film.descriptions.fr.srt"
    path.write_text(SRT, encoding="utf-8")
    return path


def test_export_writes_beside_the_json_under_names_of_its_language(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "film.descriptions.json"
    source.write_bytes((GOLDENS / "film.ja.json").read_bytes())
    done = run("export", source, "-f", "srt,vtt,ass")
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "film.descriptions.ja.ass", "film.descriptions.ja.srt", "film.descriptions.ja.vtt", "film.descriptions.json",
    ]  # fmt: skip
    assert (tmp_path / "film.descriptions.ja.srt").read_bytes() == (GOLDENS / "film.ja.srt").read_bytes()
    assert done.stderr == "", "a script is told what it has to know, and nothing else"
    again = run("export", source, "-f", "srt")
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert ": output_exists: " in again.stderr
    assert run("export", source, "-f", "srt", "--overwrite").returncode == 0


def test_export_from_stdin_to_stdout(run: Any, srt: Path, tmp_path: Path) -> None:
    done = run("export", srt, "-f", "vtt", "-o", "-", "--shift", "-1.5", "--position", "top")
    assert done.returncode == 0
    assert "Language: fr" in done.stdout
    assert "00:00:00.000 --> 00:00:01.500 line:5%\nAn old woman opens the door." in done.stdout
    out = tmp_path / "all"
    assert run("export", srt, "-f", "all", "-o", out, "--language", "PT-br").returncode == 0
    assert {path.suffix for path in out.iterdir()} == {".ass", ".csv", ".json", ".srt", ".ttml", ".txt", ".vtt"}
    assert json.loads((out / "film.descriptions.fr.json").read_text())["language"] == "pt-BR"


def test_export_names_files_as_it_is_asked(run: Any, srt: Path, tmp_path: Path) -> None:
    """Under the names that mpv loads by itself, as caption does; JSON is no sidecar."""
    source, out = tmp_path / "film.descriptions.json", tmp_path / "new"
    source.write_bytes((GOLDENS / "film.ja.json").read_bytes())
    assert run("export", source, srt, "-f", "srt,vtt", "-o", out, "--sidecar-name", "{name}.{language}").returncode == 0
    assert sorted(path.name for path in out.iterdir()) == ["film.fr.srt", "film.fr.vtt", "film.ja.srt", "film.ja.vtt"]
    assert run("export", source, "-f", "srt", "--sidecar_name", "{name} [{language}]").returncode == 0
    assert (tmp_path / "film [ja].srt").read_bytes() == (GOLDENS / "film.ja.srt").read_bytes()
    dialogue = tmp_path / "film.de.srt"
    dialogue.write_text(SRT, encoding="utf-8")
    assert run("export", dialogue, "-f", "all", "-o", out, "--sidecar-name", "{name}.text.{language}").returncode == 0
    assert {path.name for path in out.glob("film.*.de.*")} == {
        f"film.text.de.{form}" for form in ("ass", "csv", "srt", "ttml", "txt", "vtt")
    }
    for wrong in ("{name}", "x.{language}", "{name}/{language}"):
        done = run("export", source, "--sidecar-name", wrong)
        assert (done.returncode, "bad_value: --sidecar-name" in done.stderr) == (2, True)
    for file in ("-", "out.srt"):
        done = run("export", source, "-f", "srt", "-o", file, "--sidecar-name", "{name}.{language}")
        assert (done.returncode, "name a folder by -o" in done.stderr) == (2, True)


def test_a_file_of_no_format_among_several_is_its_own_failure(run: Any, srt: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.doc"
    notes.write_text("words")
    done = run("export", notes, srt, "-f", "vtt", "-o", tmp_path / "out")
    assert (done.returncode, "notes.doc: unknown_format: " in done.stderr) == (1, True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["film.descriptions.fr.vtt"]
    assert run("export", notes, "-f", "vtt").returncode == 2


def test_export_lays_out_anew_on_request(run: Any, tmp_path: Path) -> None:
    for profile, golden in (("vertical", "film.en.vertical.srt"), ("none", "film.en.none.srt")):
        done = run("export", GOLDENS / "film.en.json", "-f", "srt", "-o", "-", "--profile", profile)
        assert done.stdout == (GOLDENS / golden).read_text(encoding="utf-8")
    narrow = run("export", GOLDENS / "film.en.json", "-f", "txt", "-o", "-", "--max-line-width", "20", "--max_lines", "1")
    assert max(len(line) for line in narrow.stdout.splitlines() if line.isascii()) <= 20
    whole = json.loads((GOLDENS / "film.en.json").read_text(encoding="utf-8"))
    whole["captions"] = [caption for caption in whole["captions"] if caption["outcome"] != "failed"]
    (tmp_path / "whole.json").write_text(json.dumps(whole))
    slow = run("export", tmp_path / "whole.json", "-f", "srt", "-o", tmp_path / "x.srt", "--max-cps", "6", "--strict")
    assert slow.returncode == 0, "a text without room is no fault"
    assert len(slow.stderr.splitlines()) == 1
    assert "note: " in slow.stderr
    assert "text_dropped" in slow.stderr


def test_a_person_is_told_what_export_wrote(tmp_path: Path) -> None:
    source = tmp_path / "film.descriptions.json"
    source.write_bytes((GOLDENS / "film.ja.json").read_bytes())
    ours, its = pty.openpty()
    line = [sys.executable, "-m", "pipeline.cli", "export", os.fspath(source), "-f", "srt,vtt"]
    subprocess.run(line, stderr=its, stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    told = " ".join(os.read(ours, 4096).decode().split())  # its lines break between words
    os.close(its)
    os.close(ours)
    assert re.search(r"\S+\.json -> \S+\.ja\.srt, \S+\.ja\.vtt", told)


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["export", "no.json"], 1, "no.json: not_found: "),
        (["export", "broken.json"], 1, "broken.json: bad_json: "),
        (["export", ".", "-f", "srt"], 2, "not_a_regular_file: . is a folder; name the files in it, such as"),
        (["export", "film.srt", "-f", "stl"], 2, "unknown_format: there is no format 'stl'"),
        (["export", "film.txt", "-f", "srt"], 2, "not_readable: "),
        (["export", "film.srt", "-l", "xx_yy_zz!"], 2, "bad_language: "),
        (["export", "film.srt", "--profile", "netflx"], 2, "did you mean 'netflix'"),
        (["export", "film.srt", "-f", "srt,vtt", "-o", "-"], 2, "one_output: "),
        (["burn", "no.mp4", "film.srt"], 1, "no.mp4: not_found: "),
        (["burn", "film.srt", "film.srt"], 1, "film.srt: no_video_stream: "),
        (["burn", "film.mp4", "film.srt", "-o", "x.avi"], 2, "bad_container: "),
        (["burn", "film.mp4", "film.srt", "--font-size", "99"], 2, "bad_value: "),
        (["burn", "film.mp4", "film.srt", "-o", "film.mp4"], 2, "same_file: "),
        (["mux", "film.mp4", "film.srt", "-l", "en", "-l", "de"], 2, "bad_value: "),
        (["mux", "film.mp4"], 2, "no_tracks: "),
        (["mux", "film.mp4", "--chapters", "no.vtt"], 1, "no.vtt: not_found: "),
        (["mux", "film.mp4", "--chapters", "film.txt"], 1, "film.txt: bad_chapters: "),
    ],
)
def test_one_line_says_what_is_wrong(words: list[str], code: int, reason: str, run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "film.srt").write_text(SRT, encoding="utf-8")
    (tmp_path / "film.txt").write_text("x")
    (tmp_path / "broken.json").write_text('{"schema_version": 1')
    (tmp_path / "film.mp4").symlink_to(film)
    done = run(*words)
    assert done.returncode == code
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_burn_and_mux_beside_a_film_with_an_odd_name(run: Any, film: Path, srt: Path, tmp_path: Path) -> None:
    video = tmp_path / os.fsdecode(b"b\xff'[x]:\n.mp4")
    video.symlink_to(film)
    done = run("burn", video, srt, "--preset", "ultrafast", "--crf", "30", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["cues"], told["encoder"], told["crf"], told["preset"]) == (2, "libx264", 30, "ultrafast")
    out = tmp_path / os.fsdecode(b"b\xff'[x]:\n.described.mp4")
    assert out.stat().st_size > 1000
    muxed = tmp_path / "out.mkv"
    done = run("mux", video, srt, GOLDENS / "film.ja.json", "-o", muxed)
    assert done.returncode == 0, done.stderr
    with av.open(str(muxed)) as container:
        assert [stream.metadata["language"] for stream in container.streams.subtitles] == ["fr", "ja"]
    assert done.stderr.splitlines()[-1].endswith("out.mkv: fr, ja added")


def test_strict_makes_warnings_failures(run: Any, film: Path, srt: Path, tmp_path: Path) -> None:
    (tmp_path / "late.srt").write_text(srt.read_text() + "\n9\n01:00:00,000 --> 01:00:02,000\nLong after the end.\n")
    done = run("mux", film, tmp_path / "late.srt", "-o", tmp_path / "out.mkv", "--strict")
    assert done.returncode == 1, done.stderr
    assert "warning: " in done.stderr


@pytest.mark.parametrize("command", ["mux", "burn"])
def test_captions_that_all_come_after_the_film_are_told_as_that(command: str, run: Any, film: Path, tmp_path: Path) -> None:
    captions = json.loads((GOLDENS / "film.en.json").read_text())
    captions["captions"] = [one | {"start": one["start"] + 3.6e6, "end": one["end"] + 3.6e6} for one in captions["captions"][:1]]
    (tmp_path / "late.json").write_text(json.dumps(captions))
    done = run(command, film, tmp_path / "late.json", "-o", tmp_path / "out.mkv")
    assert done.returncode == 1
    assert "warning: past_the_end at 1000:00:0" in done.stderr
    assert "after the end of the film" in done.stderr
    assert "no_cues" in done.stderr


def test_what_mp4_does_with_every_film_is_a_note_and_no_failure(run: Any, film: Path, srt: Path, tmp_path: Path) -> None:
    done = run("mux", film, srt, "-o", tmp_path / "out.mp4", "--strict")
    assert done.returncode == 0, done.stderr
    assert "note: default_track: MP4" in done.stderr
    assert "warning" not in done.stderr


def test_mux_puts_a_list_of_chapters_into_a_film(run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").symlink_to(film)
    (tmp_path / "list.txt").write_text("0:00 The beginning\n0:01 The end\n")
    done = run("mux", "film.mp4", "--chapters", "list.txt", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["output"], told["chapters"], told["tracks"]) == ("film.chaptered.mp4", 2, [])
    with av.open(str(tmp_path / "film.chaptered.mp4")) as container:
        found = [(one["metadata"]["title"], float(one["start"] * one["time_base"])) for one in container.chapters()]
    assert found == [("The beginning", 0.0), ("The end", 1.0)]


def test_a_pipe_among_fonts_is_refused(run: Any, film: Path, tmp_path: Path) -> None:
    """fontconfig opens whatever lies there, and waited for ever."""
    (tmp_path / "fonts" / "inner").mkdir(parents=True)
    (tmp_path / "fonts" / "gone.ttf").symlink_to("nothing")
    os.mkfifo(tmp_path / "fonts" / "inner" / "a.ttf")
    done = run("burn", film, GOLDENS / "film.en.json", "-o", tmp_path / "b.mp4", "--fonts-dir", tmp_path / "fonts")
    assert done.returncode == 2
    assert "bad_value: --fonts-dir: " in done.stderr
    assert "a.ttf is a pipe or a device" in done.stderr


def test_burn_tells_its_progress_by_the_film_and_not_by_its_last_cue(
    film: Path, srt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[float] = []
    made = writing.progress

    def told(what: str, total: Callable[[], float], *, quiet: bool) -> Callable[[float], None]:
        tell = made(what, total, quiet=quiet)

        def listen(seconds: float) -> None:
            lengths.append(total())
            tell(seconds)

        return listen

    monkeypatch.setattr(writing, "progress", told)
    alone = typer.Typer()
    alone.command()(burning.burn)
    assert CliRunner().invoke(alone, [str(film), str(srt), "-o", str(tmp_path / "burned.mkv")]).exit_code == 0
    with av.open(str(film)) as container:
        seconds = container.duration / 1e6
    assert lengths
    assert lengths == pytest.approx([seconds] * len(lengths), abs=0.1)


@pytest.mark.parametrize(
    "words",
    [
        ("burn", "s3://b/a.mp4", "SRT"), ("burn", "FILM", "s3://b/a.srt"), ("burn", "FILM", "SRT", "-o", "s3://b/out.mp4"),
        ("mux", "gs://b/a.mp4", "SRT"), ("mux", "FILM", "--chapters", "https://b/chapters.txt"), ("speak", "s3://b/a.mp4"),
        ("summarize", "s3://b/a.mp4", "--engine", "echo"), ("search", "words", "az://b/films"),
        ("ask", "s3://b/a.mp4", "what?", "--engine", "echo"),
    ],
)  # fmt: skip
def test_an_address_is_told_as_one_by_commands_that_take_none(run: Any, film: Path, srt: Path, words: tuple[str, ...]) -> None:
    """It was "no such file", of a name that had lost a slash."""
    done = run(*({"FILM": film, "SRT": srt}.get(word, word) for word in words))
    assert done.returncode == 1, done.stderr
    assert [": not_here: " in line for line in done.stderr.splitlines()] == [True]
    assert next(word for word in words if "://" in word).replace("//", "/") in done.stderr.replace("//", "/")
