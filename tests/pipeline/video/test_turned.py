"""Pictures that are turned and mirrored, by their container or by their own Exif, look as ffmpeg shows them."""

import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from pipeline.families import parse
from pipeline.types import VideoInfo
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe

ORIENTATION = 0x0112
CORNERS = np.zeros((48, 64, 3), np.uint8)
CORNERS[:24, :32], CORNERS[:24, 32:], CORNERS[24:, 32:] = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def shown(path: Path, pool: WorkerPool) -> tuple[VideoInfo, np.ndarray]:
    """What the film is, and its first picture at full size."""
    info = probe(path, pool=pool)
    rule, sampler = parse("windows", "fixed:seconds=2"), parse("samplers", "uniform:count=1")
    with open_film(info, rule=rule, sampler=sampler, size=(info.width, info.height), pool=pool) as film:
        return info, next(iter(film)).frames.data[0].astype(int)


def by_ffmpeg(path: Path, tools: ModuleType, shape: tuple[int, ...]) -> np.ndarray:
    words = ["-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run([tools.FFMPEG, *words], check=True, capture_output=True).stdout
    return np.frombuffer(data, np.uint8).reshape(shape).astype(int)


def of_photographs(folder: Path, tools: ModuleType, path: Path, suffix: str, orientation: int) -> Path:
    """A film of pictures that are copied as a camera wrote them."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    for number in range(5):
        Image.fromarray(CORNERS).save(folder / f"{number}.{suffix}", exif=exif)
    subprocess.run([tools.FFMPEG, "-v", "error", "-i", folder / f"%d.{suffix}", "-c", "copy", path], check=True)
    return path


@pytest.mark.parametrize("orientation", [1, 2, 6, 7])
def test_exif_beside_a_picture_is_followed(orientation: int, tools: ModuleType, pool: WorkerPool, tmp_path: Path) -> None:
    """PyAV has no name for it, and the process that read such a film died of that, whichever way it was turned."""
    film = of_photographs(tmp_path, tools, tmp_path / "film.avi", "jpg", orientation)
    info, ours = shown(film, pool)
    assert (info.width, info.height) == ((64, 48) if orientation < 5 else (48, 64))
    assert np.abs(ours - by_ffmpeg(film, tools, ours.shape)).mean() < 4


def test_tiff_is_read(tools: ModuleType, pool: WorkerPool, tmp_path: Path) -> None:
    film = of_photographs(tmp_path, tools, tmp_path / "film.mov", "tif", 1)
    _, ours = shown(film, pool)
    assert np.abs(ours - CORNERS).mean() < 4


@pytest.mark.parametrize(("turn", "mirrored"), [(90, False), (90, True), (180, True), (270, True)])
def test_the_mirroring_comes_before_the_turn(
    turn: int, mirrored: bool, tools: ModuleType, pool: WorkerPool, tmp_path: Path
) -> None:
    Image.fromarray(CORNERS).save(tmp_path / "one.png")
    stored, film = tmp_path / "stored.mp4", tmp_path / "film.mp4"
    coding = ["-loop", "1", "-i", tmp_path / "one.png", "-frames:v", "5", "-c:v", "libx264", "-pix_fmt", "yuv420p", stored]
    subprocess.run([tools.FFMPEG, "-v", "error", *coding], check=True)
    matrix = ["-display_rotation", str(turn), *["-display_hflip"] * mirrored]
    subprocess.run([tools.FFMPEG, "-v", "error", *matrix, "-i", stored, "-c", "copy", film], check=True)
    info, ours = shown(film, pool)
    assert info.mirrored == mirrored
    assert np.abs(ours - by_ffmpeg(film, tools, ours.shape)).mean() < 8
