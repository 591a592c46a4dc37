"""``scenescribe export`` of files whose names are as long as names may be, and longer."""

import subprocess
from collections.abc import Callable
from pathlib import Path

SRT = "1\n00:00:01,000 --> 00:00:03,000\nA red star.\n"


def test_captions_beside_which_no_film_could_stand_are_written(
    run: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    """Their name has 255 bytes, and a film's would have one more."""
    captions = tmp_path / ("a" * 251 + ".srt")
    captions.write_text(SRT)
    done = run("export", str(captions), "-f", "vtt", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert "A red star." in done.stdout


def test_a_name_that_is_too_long_to_be_read_is_no_fault_of_what_is_written(
    run: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    for more in ((), ("-o", "-", "-f", "vtt"), ("-o", str(tmp_path / "web"))):
        done = run("export", str(tmp_path / ("a" * 300 + ".srt")), *more)
        assert done.returncode == 1
        assert "unreadable" in done.stderr, done.stderr
        assert "can't be read: the name, or the whole path, is longer" in done.stderr
