"""``scenescribe caption s3://...``: films of a bucket, fetched when it is their turn; what is finished is not fetched again."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("s3://bucket/a.mp4",), "no_output: s3://bucket/a.mp4"),
        (("s3://bucket/a.mp4", "-o", "out", "--dry-run"), "bad_value"),
        (("s3://bucket/a.mp4", "-o", "out", "--storage-option", "colour=red"), "bad_storage_option"),
    ],
)
def test_what_can_not_be(run: Run, words: tuple[str, ...], says: str) -> None:
    done = run("caption", *words, "--engine", "echo", "--model", "shapes")
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("place", ["s3://bucket/out", "file:///tmp/out", "gs://bucket"])
def test_captions_are_not_written_to_addresses(run: Run, film: Path, place: str, tmp_path: Path) -> None:
    done = run("caption", film, "-o", place, "--engine", "echo", "--model", "shapes")
    assert (done.returncode, "export" in done.stderr) == (2, True), done.stderr
    assert not Path(place.split("/")[0]).exists()
