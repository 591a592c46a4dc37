"""A program stream tells the time of the first picture of each pack: how long the film is says the probe all the same."""

import subprocess
from pathlib import Path

import pytest

from pipeline.families import parse
from pipeline.media.binary import find_ffmpeg
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("small.mpg", ("-c:v", "mpeg2video", "-bf", "2", "-g", "60", "-q:v", "20")),
        ("small.vob", ("-c:v", "mpeg2video", "-bf", "0", "-g", "60", "-q:v", "20")),
        ("h264.mpg", ("-c:v", "libx264", "-bf", "0")),
        ("slow.mpg", ("-r", "1", "-c:v", "libx264", "-bf", "0")),
        ("broadcast.ts", ("-c:v", "mpeg2video", "-bf", "2", "-g", "60", "-q:v", "20")),
    ],
)
def test_a_film_ends_with_its_last_picture(name: str, options: tuple[str, ...], pool: WorkerPool, tmp_path: Path) -> None:
    """It was short by all that the last pack held: up to a second."""
    film = tmp_path / name
    source = ["-f", "lavfi", "-i", "color=gray:s=320x240:r=25:d=10"]
    subprocess.run([find_ffmpeg().path, "-v", "error", *source, *options, film], check=True)
    info = probe(film, pool=pool)
    rule, sampler = parse("windows", "fixed:seconds=5"), parse("samplers", "uniform:count=1")
    with open_film(info, rule=rule, sampler=sampler, size=(64, 48), pool=pool) as reading:
        for _ in reading:
            pass
        assert info.duration == pytest.approx(reading.end, abs=0.03)
        assert "partial" not in {notice.code for notice in reading.notices}
