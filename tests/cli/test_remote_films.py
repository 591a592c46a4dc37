"""``scenescribe caption s3://...``: films of a bucket, fetched when it is their turn; what is finished is not fetched again."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from buckets import S3, moto

from pipeline.storage import open_storage

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with moto() as server:
        yield server


def test_films_of_a_bucket_are_described_once(run: Run, film: Path, s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    storage = open_storage(bucket, s3.options)
    for name in ("films/one.mp4", "films/deep/two.mp4"):
        storage.put_file(name, film)
    storage.put("films/broken.mp4", b"no film at all")
    storage.put("films/notes.txt", b"no film")
    options = [word for name, value in s3.options.items() for word in ("--storage-option", f"{name}={value}")]
    words = (
        "caption",
        f"{bucket}/films",
        "-r",
        "-o",
        tmp_path / "out",
        "--engine",
        "echo",
        "--model",
        "shapes",
        "--json",
        *options,
    )
    (tmp_path / "spool").mkdir()
    done = run(*words, env={"TMPDIR": str(tmp_path / "spool")})
    assert done.returncode == 1
    assert f"{bucket}/films/broken.mp4: unsupported_or_corrupt: " in done.stderr
    told = {Path(one["path"]).name: one["state"] for one in map(json.loads, done.stdout.splitlines())}
    assert told == {"one.mp4": "done", "two.mp4": "done", "broken.mp4": "failed"}
    assert (tmp_path / "out/one.descriptions.json").exists()
    assert (tmp_path / "out/deep/two.descriptions.en.srt").exists()
    assert list((tmp_path / "spool").iterdir()) == [], "nothing is left of them here"
    before = len(s3.asked)
    again = run(*words, env={"TMPDIR": str(tmp_path / "spool")})
    states = {Path(one["path"]).name: one["state"] for one in map(json.loads, again.stdout.splitlines())}
    assert states == {"one.mp4": "skipped", "two.mp4": "skipped", "broken.mp4": "failed"}
    fetched = [path for method, path in s3.asked[before:] if method == "GET" and "list-type" not in path]
    assert {path.partition("?")[0].rpartition("/")[2] for path in fetched} == {"broken.mp4"}, "what is finished is not fetched"
    other = run(*words, "--prompt", "Count the stars.")
    assert "settings_differ" in other.stderr
    (tmp_path / "out/one.descriptions.en.srt").unlink()
    written = run(*words)
    assert (tmp_path / "out/one.descriptions.en.srt").exists(), written.stderr


def options(s3: S3) -> list[str]:
    return [word for name, value in s3.options.items() for word in ("--storage-option", f"{name}={value}")]


def test_descriptions_go_beside_their_films_in_a_bucket_and_are_found_there(run: Run, film: Path, s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    storage = open_storage(bucket, s3.options)
    storage.put_file("films/one.mp4", film)
    storage.put_file("films/deep/two.mp4", film)
    storage.put("films/deep/two.descriptions.en.srt", b"somebody else's")
    (tmp_path / "spool").mkdir()
    words = ("caption", f"{bucket}/films", "-r", "--engine", "echo", "--model", "shapes", "--json", *options(s3))
    dry = run(*words, "--dry-run")
    assert (dry.returncode, f"{bucket}/films/one.mp4: 0:12, about" in dry.stderr) == (1, True), dry.stderr
    done = run(*words, env={"TMPDIR": str(tmp_path / "spool")})
    assert list((tmp_path / "spool").iterdir()) == []
    told = {one["path"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert told[f"{bucket}/films/one.mp4"]["outputs"] == [
        f"{bucket}/films/one.descriptions.{end}" for end in ("json", "en.srt", "en.vtt")
    ]
    assert told[f"{bucket}/films/deep/two.mp4"]["code"] == "output_exists"
    assert f"{bucket}/films/deep/two.descriptions.en.srt is there and was not written by Scenescribe" in done.stderr
    assert storage.get("films/deep/two.descriptions.en.srt") == b"somebody else's"
    assert json.loads(storage.get("films/one.descriptions.json"))["source"]["name"] == "one.mp4"
    assert storage.get("films/one.descriptions.en.vtt").startswith(b"WEBVTT")
    before = len(s3.asked)
    assert run(*words, "--overwrite", "--dry-run").returncode == 0
    again = run(*words)
    states = {one["path"]: one["state"] for one in map(json.loads, again.stdout.splitlines())}
    assert states == {f"{bucket}/films/one.mp4": "skipped", f"{bucket}/films/deep/two.mp4": "failed"}
    assert not [path for method, path in s3.asked[before:] if method == "PUT" and "descriptions" in path]
    storage.delete("films/one.descriptions.en.srt")
    assert run(*words[:1], f"{bucket}/films/one.mp4", *words[3:]).returncode == 0
    assert storage.exists("films/one.descriptions.en.srt"), "what is missing is written anew"


def test_a_film_of_this_machine_is_described_into_a_bucket(run: Run, film: Path, s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    storage = open_storage(bucket, s3.options)
    words = (
        "caption",
        film,
        "-o",
        f"{bucket}/out",
        "--engine",
        "echo",
        "--model",
        "shapes",
        "--mux",
        "--summarize",
        *options(s3),
    )
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert f"{bucket}/out/film.descriptions.json" in done.stderr
    there = sorted(entry.name for entry in storage.list("out/") if not entry.name.startswith("out/_"))
    assert there == [
        "out/film.described.mp4", "out/film.descriptions.en.srt", "out/film.descriptions.en.vtt", "out/film.descriptions.json",
        "out/film.summary.json", "out/film.summary.md",
    ]  # fmt: skip
    assert not Path(bucket.split("/")[0]).exists()
    again = run(*words[:1], f"{bucket}/out", *words[2:], "--json")
    assert "no_videos" in again.stderr, "a film that we wrote is none to describe"
    again = run(*words, "--json")
    assert json.loads(again.stdout)["state"] == "skipped"
    other = run(*words, "--prompt", "Count the stars.")
    assert (other.returncode, "settings_differ" in other.stderr) == (1, True)
    assert run(*words, "--prompt", "Count the stars.", "--overwrite").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("https://example.org/a.mp4",), "no_output: nothing can be written to https://example.org/a.mp4"),
        (("a.mp4", "-o", "https://example.org/out"), "no_output"),
        (("s3://bucket/a.mp4", "-o", "out", "--storage-option", "colour=red"), "bad_storage_option"),
    ],
)
def test_what_can_not_be(run: Run, words: tuple[str, ...], says: str) -> None:
    done = run("caption", *words, "--engine", "echo", "--model", "shapes")
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr


def test_a_bucket_that_is_not_there_ends_the_run_before_a_film_is_read(run: Run, film: Path, s3: S3) -> None:
    done = run("caption", film, "-o", "s3://nobodys-bucket/out", "--engine", "echo", "--model", "shapes", *options(s3))
    assert done.returncode == 1, done.stderr
    assert "no_bucket: s3://nobodys-bucket/out" in done.stderr
    assert "captions" not in done.stderr


def test_of_a_long_film_the_part_is_fetched_or_all_while_it_is_read(run: Run, s3: S3, tmp_path: Path) -> None:
    film = tmp_path / "long.mp4"
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=12:d=120,noise=alls=12:allf=t")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", *inputs, "-preset", "ultrafast", "-g", "48", film], check=True)
    bucket = s3.bucket()
    open_storage(bucket, s3.options).put_file("long.mp4", film)
    words = (
        "--from",
        "1:00",
        "--to",
        "1:10",
        "--engine",
        "echo",
        "--model",
        "shapes",
        "--windows",
        "fixed:seconds=4",
        *options(s3),
    )
    before = s3.bytes_asked
    done = run("caption", f"{bucket}/long.mp4", "-o", tmp_path / "there", *words)
    assert done.returncode == 0, done.stderr
    assert 0.1 < (s3.bytes_asked - before) / film.stat().st_size < 0.3, "10 of 120 seconds, what they are built on, and the index"
    assert run("caption", film, "-o", tmp_path / "here", *words).returncode == 0
    name = "long.1m00s-1m10s.descriptions.json"
    there, here = (json.loads((tmp_path / place / name).read_text()) for place in ("there", "here"))
    assert there["captions"] == here["captions"]
    assert here["source"].pop("place"), "a film of this machine lies in a folder"
    assert there["source"] == here["source"]
    room = film.stat().st_size * 0.7 / (1 << 30)
    words = ("--windows", "fixed:seconds=4", "--engine", "echo", "--model", "shapes", *options(s3))
    before = s3.bytes_asked
    done = run("caption", f"{bucket}/long.mp4", "-o", tmp_path / "there", "--spool-gb", f"{room:.6f}", *words)
    assert done.returncode == 0, done.stderr
    assert (s3.bytes_asked - before) / film.stat().st_size < 1.5, "it came while it was read, about once"
    assert run("caption", film, "-o", tmp_path / "here", *words).returncode == 0
    there, here = (json.loads((tmp_path / place / "long.descriptions.json").read_text()) for place in ("there", "here"))
    assert len(here["captions"]) == 30
    assert there["captions"] == here["captions"]
    assert there["source"] == {name: value for name, value in here["source"].items() if name != "place"}
    muxed = run("caption", f"{bucket}/long.mp4", "-o", tmp_path / "muxed", "--spool-gb", f"{room:.6f}", "--mux", *words)
    assert "spool_too_small" in muxed.stderr, "a copy of all of it needs all of it"
    for place, source in (("far", f"{bucket}/long.mp4"), ("near", film)):
        given = (
            "-o",
            tmp_path / place,
            "--format",
            "jsonl",
            "--spool-gb",
            f"{room:.6f}",
            "--engine",
            "echo",
            "--model",
            "shapes",
        )
        done = run("annotate", source, *given, *(options(s3) if place == "far" else ()))
        assert done.returncode == 0, done.stderr
    far, near = (
        [(row["start"], row["frames"], row["caption"]) for row in rows_in(tmp_path / place)] for place in ("far", "near")
    )
    assert len(near) > 5
    assert far == near


def rows_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
