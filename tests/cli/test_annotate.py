"""``scenescribe annotate`` as a person runs it: exit codes, one line a failure, killed and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import picture_files
import pyarrow.parquet
import pytest
from patience import PATIENCE
from picture_sets import as_folder

PICTURES = {f"{number:03}.png": picture_files.encoded(picture_files.corners(32 + number, 32)) for number in range(24)}
COMMAND = [sys.executable, "-m", "pipeline.cli", "annotate", "--engine", "echo", "--no-progress", "--decode-workers", "1"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SCENESCRIBE_")}


def annotate(cwd: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *more], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def units_done(out: Path) -> list[Path]:
    """Names under which a unit is done; a temporary file of a killed process is none."""
    return [path for path in sorted((out / "_scenescribe" / "done").glob("*.json")) if not path.name.startswith(".")]


def rows(out: Path) -> list[dict[str, Any]]:
    """What counts: rows of the parts that are named in ``done``."""
    parts = [json.loads(path.read_text())["part"] for path in units_done(out)]
    return [row for part in parts for row in pyarrow.parquet.read_table(out / part).to_pylist()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``in`` with good pictures and two bad ones."""
    place = tmp_path_factory.mktemp("annotate")
    as_folder({**PICTURES, "bad/empty.jpg": b"", "bad/bomb.png": picture_files.bomb()}, place / "in")
    return place


def test_a_run_from_beginning_to_end_and_once_more(folder: Path) -> None:
    done = annotate(folder, "in", "-o", "out", "--format", "jsonl,coco", "--json")
    assert done.returncode == 1, done.stderr
    assert "bad/empty.jpg: empty_picture: " in done.stderr
    assert "bad/bomb.png: picture_too_large: " in done.stderr
    assert "24 of 26 pictures described; 2 failed (" in done.stderr
    told = json.loads(done.stdout)
    assert told["items"] == told["done"] == told["asked"] == 26
    assert told["by_reason"] == {"empty_picture": 1, "picture_too_large": 1}
    assert told["by_outcome"] == {"ok": 24, "failed": 2}
    assert told["written"]["jsonl"]["items"] == told["written"]["coco"]["items"] == 24
    assert len((folder / "out" / "captions.jsonl").read_text().splitlines()) == 26
    again = annotate(folder, "in", "-o", "out", "--json")
    assert json.loads(again.stdout)["asked"] == 0
    assert "26 are done already" in again.stderr
    other = annotate(folder, "in", "-o", "out", "--prompt", "What is it?")
    assert other.returncode == 2
    assert "settings_differ" in other.stderr
    assert "prompt" in other.stderr


def test_a_folder_of_films_says_why_one_failed_and_where_the_captions_are(film: Path, tmp_path: Path) -> None:
    as_folder({"good.mp4": film.read_bytes(), "bad.mp4": b"no film", "empty.mp4": b""}, tmp_path / "in")
    done = annotate(tmp_path, "in", "-o", "out", "--format", "txt,jsonl")
    assert done.returncode == 1
    assert "3 items in 1 unit; engine echo: no model" in done.stderr
    assert "bad.mp4: unsupported_or_corrupt: no known video format" in done.stderr
    assert "empty.mp4: empty_file: \n" not in done.stderr
    assert (
        "txt: nothing, no picture has a caption; captions of films, one a window, are in parquet and jsonl alone" in done.stderr
    )
    assert "  jsonl: " in done.stderr
    assert not (tmp_path / "out" / "txt").exists()
    status = subprocess.run(
        [*COMMAND[:3], "dataset", "out", "status"], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PATIENCE,
        check=True,
    )  # fmt: skip
    rows_ok = sum(row["outcome"] == "ok" for row in rows(tmp_path / "out"))
    assert rows_ok > 1
    assert f"rows    ok {rows_ok}, failed 2\n" in status.stdout, "a film has several rows: they are not its items"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("", 2, "no_input"), ("in", 2, "no_output"), ("lost -o x", 1, "not_found"), ("in -o x -f yaml", 2, "unknown_plugin"),
        ("in -o x --caption-extension txt", 2, "bad_value"), ("in -o x --storage-option key", 2, "bad_storage_option"),
        ("in -o x --detail high --model llava-1.5-7b", 2, "model_not_found"), ("in -o ftp+odd://x", 2, "bad_storage"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_one_line(
    words: str, code: int, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli.app import main

    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["scenescribe", *COMMAND[3:], *words.split()])
    with pytest.raises(SystemExit) as left:
        main()
    said = capfd.readouterr().err
    assert (left.value.code, said.count("\n")) == (code, 1), said
    assert says in said
    assert not (folder / "x" / "_scenescribe" / "plan").exists()


def test_a_page_and_numbers_tell_of_a_run_of_two_hosts(folder: Path) -> None:
    """``--report``: pictures with their captions, failures with their reasons, hosts; ``--metrics``: what Prometheus reads."""
    told = ["--report", "page.html", "--metrics", "run.prom"]
    done = annotate(folder, "in", "-o", "paged", "--hosts", "2", "--unit", "4", "--log-file", "log", *told)
    assert done.returncode == 1, done.stderr
    page = (folder / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 24
    assert "1 image of " in page
    assert all(words in page for words in ("bad/bomb.png", "failed: picture_too_large", "failed: empty_picture"))
    assert "http://" not in page
    assert "<script" not in page
    numbers = {
        line.partition(" ")[0]: float(line.rpartition(" ")[2])
        for line in (folder / "run.prom").read_text().splitlines()
        if line[0] != "#"
    }
    assert numbers["scenescribe_annotate_items"] == numbers["scenescribe_annotate_items_done"] == 26
    assert numbers["scenescribe_annotate_finished"] == 1
    assert numbers['scenescribe_annotate_failed_total{reason="empty_picture"}'] == 1
    hosts = [value for name, value in numbers.items() if name.startswith("scenescribe_annotate_host_items_total")]
    assert sum(hosts) >= 26, "what both did"
    again = annotate(folder, "in", "-o", "paged", "--unit", "4", *told)
    assert again.returncode == 1, "nothing is asked again, and the page is written anew"
    assert (folder / "page.html").read_text().count("data:image/jpeg;base64,") == 24


def test_a_page_or_numbers_that_can_t_be_written_are_told_before_anything_is_done(folder: Path) -> None:
    (folder / "mine.html").write_text("a page of my own")
    for words, code in ((("--report", "mine.html"), "output_exists"), (("--metrics", "in/000.png/run.prom"), "unwritable")):
        done = annotate(folder, "in", "-o", "refused", *words)
        assert done.returncode == 1, done.stderr
        assert code in done.stderr
        assert not (folder / "refused").exists()


def test_a_dry_run_counts_and_writes_nothing(folder: Path) -> None:
    done = annotate(folder, "in", "-o", "dry", "--dry-run", "--json", "--limit", "20")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"items": 20, "unreadable": 0, "sources": {"in": 20}, "tokens_each": 406}
    assert "20 pictures" in done.stderr
    assert "8,120 prompt tokens" in done.stderr
    assert not (folder / "dry").exists()


def test_killed_and_stopped_it_goes_on_and_keeps_nothing_twice(tmp_path: Path) -> None:
    pictures = {f"{n:03}.png": picture_files.encoded(picture_files.corners(32 + n, 32)) for n in range(160)}
    as_folder(pictures, tmp_path / "in")
    # an engine that takes its time: two seconds for all of it, or it would be over before anybody could look
    asked = ["in", "-o", "out", "--unit", "4", "--format", "txt", "--engine-arg", "delay=0.05", "--engine-arg", "capacity=4"]
    words = [*COMMAND, *asked]
    out = tmp_path / "out"
    for number, wanted in ((signal.SIGKILL, 3), (signal.SIGTERM, 12)):
        process = subprocess.Popen(
            words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end and len(units_done(out)) < wanted:
            time.sleep(0.005)
        process.send_signal(number)
        said = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == (-number if number == signal.SIGKILL else 143), said
    assert 12 <= len(units_done(out)) < 40, "it was over before it was killed"
    last = annotate(tmp_path, *asked)
    assert last.returncode == 0, last.stderr
    found = rows(out)
    assert sorted(row["key"] for row in found) == sorted(pictures)
    assert all(row["outcome"] == "ok" for row in found)
    assert len(list((tmp_path / "in").glob("*.txt"))) == 160
    assert len(list((out / "data").glob("part-*"))) == 40, "what does not count is swept away"


def test_an_output_folder_that_is_the_source_is_told_as_that(tmp_path: Path) -> None:
    """Trainers want .txt beside the pictures, so a person writes into their folder; it was said that it holds no picture."""
    as_folder(PICTURES, tmp_path / "photos")
    done = annotate(tmp_path, "photos", "-o", "photos", "--format", "txt")
    assert done.returncode == 1
    assert "-o is this very folder; name another (--format txt writes beside the pictures all the same)" in done.stderr
