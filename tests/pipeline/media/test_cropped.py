"""What a film's container cuts off is not in a burned film, a still or a preview, whichever ffmpeg makes it; copies say so again."""

import subprocess
from pathlib import Path

import clean_aperture
import matroska
import numpy as np
import pytest
from PIL import Image

from pipeline.media import Ffmpeg, burn, find_ffmpeg, mux
from pipeline.media.binary import VARIABLE, newest_ffmpeg
from pipeline.media.preview import preview
from pipeline.media.still import still
from pipeline.types import Track
from pipeline.video.cropping import Cropping, cropping
from pipeline.video.probe import probe

SIDES = {"left": 16, "top": 8, "right": 32, "bottom": 20}
REST, OFF = (272, 212), (-8, -6)


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory: pytest.TempPathFactory) -> Path:  # type: ignore[no-untyped-def]
    """2.8 s of grey, and white where it will be cut off."""
    path = tmp_path_factory.mktemp("films") / "whole.mp4"
    picture = "color=white:s=320x240:r=10:d=2.8,drawbox=x=16:y=8:w=272:h=212:color=0x606060:t=fill"
    return make(path, "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p")  # type: ignore[no-any-return]


@pytest.fixture(params=["matroska", "matroska, wide", "clean aperture", "turned"])
def film(request: pytest.FixtureRequest, whole: Path, tmp_path: Path) -> Path:
    out = tmp_path / "film.mkv"
    if request.param.startswith("matroska"):
        video = {matroska.CROPS[side]: value for side, value in SIDES.items()}
        if "wide" in request.param:
            video |= {matroska.SHOWN["width"]: 544, matroska.SHOWN["height"]: 212}
        matroska.write(whole, out, codec="V_MPEG4/ISO/AVC", private=matroska.header(whole), video=video)
        return out
    if request.param == "turned":
        turned = [
            newest_ffmpeg().path,
            "-v",
            "error",
            "-display_rotation",
            "90",
            "-i",
            whole,
            "-c",
            "copy",
            tmp_path / "turned.mp4",
        ]
        subprocess.run(turned, check=True)
        whole = tmp_path / "turned.mp4"
    return clean_aperture.write(whole, tmp_path / "film.mp4", REST, OFF)


@pytest.fixture(params=["usual", "newest"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ffmpeg:
    """The ffmpeg that makes what is looked at: the system's may not know of cropping, the one that is brought does."""
    found = find_ffmpeg() if request.param == "usual" else newest_ffmpeg()
    monkeypatch.setenv(VARIABLE, str(found.path))
    return found


def brightest(path: Path, ffmpeg: Ffmpeg, size: tuple[int, int]) -> int:
    """Of the first picture's edges."""
    command = [ffmpeg.path, "-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    picture = np.frombuffer(data, np.uint8).reshape(size[::-1])
    return int(max(picture[0].max(), picture[-1].max(), picture[:, 0].max(), picture[:, -1].max()))


def test_nothing_of_it_is_seen(film: Path, by: Ffmpeg, track: Track, tmp_path: Path) -> None:
    stored = REST[::-1] if probe(film).rotation else REST
    shown = probe(film).width, probe(film).height
    burned, small, picture = tmp_path / "burned.mp4", tmp_path / "small.mp4", tmp_path / "still.jpg"
    burn(film, track, burned)
    assert (probe(burned).width, probe(burned).height) == shown
    assert brightest(burned, by, stored) < 0x80
    preview(film, small)
    assert (probe(small).width, probe(small).height) == shown
    assert brightest(small, by, shown) < 0x80
    still(film, 0.5, picture)
    with Image.open(picture) as made:
        assert made.size == shown
        assert max(made.convert("L").crop((0, 0, made.width, 1)).getextrema()) < 0x80


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_copy_says_so_again_or_it_is_told(
    suffix: str, film: Path, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / f"muxed.{suffix}"
    notices = mux(film, [track], out)
    with out.open("rb") as file:
        kept = cropping(file.fileno(), 0)
    assert (kept is None) == ("cropping_lost" in {notice.code for notice in notices})
    if newest_ffmpeg().major >= (8, 0):
        assert kept is not None
        assert (kept.left, kept.top, kept.right, kept.bottom) == tuple(SIDES[side] for side in ("left", "top", "right", "bottom"))
    if find_ffmpeg().major < (7, 0) and not (suffix == "mkv" and probe(film).rotation):  # which those can't write either
        monkeypatch.setenv(VARIABLE, str(find_ffmpeg().path))
        assert "cropping_lost" in {notice.code for notice in mux(film, [track], tmp_path / f"old.{suffix}")}


def test_what_a_copy_keeps_is_what_is_looked_for() -> None:
    assert Cropping(**SIDES).rest((320, 240)) == REST
