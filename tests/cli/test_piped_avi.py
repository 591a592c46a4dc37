"""An AVI that was written to a pipe tells no length: what it holds is all of it, and nothing is missing."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg


def test_an_avi_that_was_written_to_a_pipe_is_as_long_as_it_is(run: Callable[..., Any], tmp_path: Path) -> None:
    """It was said to last an hour, and to be cut off."""
    source = ["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=128x96:r=10:d=4"]
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *source, "-c:v", "mpeg4", "-f", "avi", "pipe:1"], check=True, stdout=subprocess.PIPE
    )
    (tmp_path / "film.avi").write_bytes(done.stdout)
    described = run("caption", tmp_path / "film.avi", "--engine", "echo")
    assert described.returncode == 0, described.stderr
    document = json.loads((tmp_path / "film.descriptions.json").read_text())
    assert document["source"]["duration"] == 4.0
    assert document["warnings"] == []
