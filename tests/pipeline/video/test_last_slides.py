"""How long the last picture of a film of standing ones is shown: as its own track says, wherever it is stored and whatever the sound does."""

import subprocess
from pathlib import Path

import pytest

from pipeline.families import parse
from pipeline.types import Notice
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe

SHOWN = (0, 13, 26, 39, 52, 65, 66)
"""seconds at which a slide comes; each is a picture of a second, and the film 67 s long"""


def deck(path: Path, *, sound: float = 0.0) -> Path:
    """Slides as a recorder writes them: a picture where something changes, none between; the last one that is shown is not stored last."""
    chosen = "+".join(rf"eq(n\,{at})" for at in SHOWN)
    heard = ["-f", "lavfi", "-i", f"sine=d={sound}", "-c:a", "aac"] if sound else []
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=1:d=67",
        *heard[:4],
        "-vf",
        f"select={chosen}",
    ]
    coded = [
        "-vsync",
        "vfr",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-x264-params",
        "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0",
    ]
    subprocess.run([*command, *coded, *heard[4:], str(path)], check=True, timeout=600)
    return path


def read(path: Path, pool: WorkerPool) -> tuple[float, tuple[Notice, ...]]:
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform:count=2")
    with open_film(probe(path, pool=pool), rule=rule, sampler=sampler, size=(96, 54), pool=pool) as film:
        windows = list(film)
    return windows[-1].end, film.notices


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_the_picture_that_is_shown_last_is_not_given_the_time_of_another(suffix: str, tmp_path: Path, pool: WorkerPool) -> None:
    end, told = read(deck(tmp_path / f"deck.{suffix}"), pool)
    assert end == pytest.approx(67, abs=0.1), "not 66 and the thirteen of the one that is stored last"
    assert not told


@pytest.mark.parametrize("suffix", ["mkv", "ts", "mp4"])
def test_sound_that_goes_on_makes_no_slide_lost(suffix: str, tmp_path: Path, pool: WorkerPool) -> None:
    end, told = read(deck(tmp_path / f"deck.{suffix}", sound=90), pool)
    assert end == pytest.approx(67, abs=1.1)
    assert not told
