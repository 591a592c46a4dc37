"""A film that would wait more often than ffmpeg can be told."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.media.spoken import LONGEST, spoken, spoken_sound


@pytest.mark.parametrize(
    ("write", "name"), [(lambda *given, **more: spoken(*given, language="en", **more), "o.mp4"), (spoken_sound, "o.flac")]
)
def test_a_film_that_waits_too_often_is_refused_before_ffmpeg_is(write: Callable[..., object], name: str, tmp_path: Path) -> None:
    waits = [(10_000.123 + n, 4.567) for n in range(6_000)]
    with pytest.raises(InputError, match="too_many_waits"):
        write(tmp_path / "film.mp4", tmp_path / "voice.pcm", 8000, tmp_path / name, waits=waits)


def test_what_is_not_refused_can_be_told() -> None:
    assert subprocess.run(["true", "x" * (LONGEST + 1000)], check=False).returncode == 0
