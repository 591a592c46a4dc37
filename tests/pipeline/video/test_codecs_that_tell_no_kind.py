"""Decoders that do not tell whether a picture stands alone: cuts are as exact there, since the container tells it."""

import subprocess
from pathlib import Path

import pytest

from pipeline.families import parse
from pipeline.media.binary import find_ffmpeg
from pipeline.video.film import open_film
from pipeline.video.probe import probe

SHOTS = ("color=red:s=320x240:r=25:d=2", "color=green:s=320x240:r=25:d=2.2", "color=white:s=320x240:r=25:d=2.4")
CODECS = {
    "cinepak.avi": ("cinepak", "-s", "160x120"),
    "screen.flv": ("flashsv",),
    "cineform.mov": ("cfhd", "-s", "640x480"),
}


@pytest.mark.parametrize("name", CODECS)
def test_cuts_are_exact(name: str, tmp_path: Path) -> None:
    moving = ",drawbox=x=t*20:y=40:w=40:h=40:c=black:t=fill"
    graph = ";".join(f"{shot}{moving}[{n}]" for n, shot in enumerate(SHOTS)) + ";[0][1][2]concat=n=3"
    film = tmp_path / name
    codec = ("-c:v", *CODECS[name], "-g", "10")
    making = [str(find_ffmpeg().path), "-v", "error", "-f", "lavfi", "-i", graph, *codec, str(film)]
    subprocess.run(making, check=True)
    with open_film(
        probe(film), rule=parse("windows", "scenes:min=1"), sampler=parse("samplers", "uniform"), size=(64, 48)
    ) as reading:
        assert len(list(reading)) == 3
        assert reading.shots == pytest.approx([2.0, 4.2], abs=0.001)
