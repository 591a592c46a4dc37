"""``scenescribe export`` from and to a bucket."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from buckets import moto

from pipeline.storage import open_storage

SRT = b"1\n00:00:01,000 --> 00:00:03,000\nA red star.\n"


def test_captions_of_a_bucket_are_written_beside_them_elsewhere_and_here(
    run: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    with moto() as s3:
        bucket = s3.bucket()
        storage = open_storage(bucket, s3.options)
        storage.put("films/movie.en.srt", SRT)
        options = [word for name, value in s3.options.items() for word in ("--storage-option", f"{name}={value}")]
        words = ("export", f"{bucket}/films/movie.en.srt", "--format", "vtt", *options)
        done = run(*words, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["outputs"] == [f"{bucket}/films/movie.en.vtt"]
        assert b"A red star." in storage.get("films/movie.en.vtt")
        again = run(*words)
        assert (again.returncode, "output_exists" in again.stderr) == (1, True)
        assert run(*words, "--overwrite", "-o", f"{bucket}/web").returncode == 0
        assert storage.exists("web/movie.en.vtt")
        assert run(*words, "-o", f"{tmp_path}/web/").returncode == 0
        assert "A red star." in (tmp_path / "web/movie.en.vtt").read_text()
        missing = run("export", f"{bucket}/films/none.srt", *options)
        assert (missing.returncode, f"{bucket}/films/none.srt: not_found" in missing.stderr) == (1, True)
