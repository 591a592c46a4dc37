"""What a container cuts off of a film's picture is never seen: by nobody who plays the film, and not by the model."""

import subprocess
from fractions import Fraction
from pathlib import Path

import clean_aperture
import matroska
import numpy as np
import pytest
from cropped_films import OFF, REST, SIDES, SIZE, whole_film

from pipeline.families import parse
from pipeline.media.binary import newest_ffmpeg
from pipeline.types import VideoInfo
from pipeline.video.children.pool import WorkerPool
from pipeline.video.cropping import Cropping, cropping
from pipeline.video.film import open_film
from pipeline.video.probe import probe


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 320x240 pixels of which all is shown."""
    return whole_film(tmp_path_factory.mktemp("films") / "whole.mp4")


def in_matroska(whole: Path, out: Path, **shown: int) -> Path:
    video = {matroska.CROPS[side]: value for side, value in SIDES.items()}
    video |= {matroska.SHOWN[what]: value for what, value in shown.items()}
    matroska.write(whole, out, codec="V_MPEG4/ISO/AVC", private=matroska.header(whole), video=video)
    return out


def read(path: Path, pool: WorkerPool, size: tuple[int, int] | None = None) -> tuple[VideoInfo, np.ndarray]:
    """What the film is, and its first picture."""
    info = probe(path, pool=pool)
    rule, sampler = parse("windows", "fixed:seconds=2"), parse("samplers", "uniform:count=1")
    with open_film(info, rule=rule, sampler=sampler, size=size or (info.width, info.height), pool=pool) as film:
        return info, next(iter(film)).frames.data[0].astype(int)


def told(path: Path) -> Cropping | None:
    with path.open("rb") as file:
        return cropping(file.fileno(), 0)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_model_is_shown_what_players_show(suffix: str, whole: Path, pool: WorkerPool, tmp_path: Path) -> None:
    film = tmp_path / f"film.{suffix}"
    if suffix == "mkv":
        in_matroska(whole, film)
    else:
        clean_aperture.write(whole, film, REST, OFF)
    assert told(film) == Cropping(**SIDES)
    (_, all_of_it), (info, shown) = read(whole, pool), read(film, pool)
    assert (info.width, info.height, info.reader) == (*REST, "pyav")
    assert np.abs(shown - all_of_it[8:220, 16:288]).mean() < 1
    _, small = read(film, pool, (136, 106))
    assert np.abs(small - all_of_it[8:220, 16:288].reshape(106, 2, 136, 2, 3).mean(axis=(1, 3))).mean() < 8, (
        "made smaller after it"
    )


@pytest.mark.parametrize(
    ("shown", "size"), [({"width": 544, "height": 212}, (544, 212)), ({"width": 4, "height": 3, "unit": 3}, (283, 212))]
)
def test_the_form_is_that_of_what_is_shown(
    shown: dict[str, int], size: tuple[int, int], whole: Path, pool: WorkerPool, tmp_path: Path
) -> None:
    """DisplayWidth and DisplayHeight are those of the picture after it was cut (RFC 9559 11.2)."""
    info = probe(in_matroska(whole, tmp_path / "film.mkv", **shown), pool=pool)
    assert (info.width, info.height) == size


@pytest.mark.parametrize("flip", [(), ("-display_hflip",)])
@pytest.mark.parametrize("turn", ["90", "180"])
def test_a_film_is_turned_after_it_was_cut(
    turn: str, flip: tuple[str, ...], whole: Path, pool: WorkerPool, tmp_path: Path
) -> None:
    turned, film = tmp_path / "turned.mp4", tmp_path / "film.mp4"
    head = [newest_ffmpeg().path, "-v", "error"]
    subprocess.run([*head, "-display_rotation", turn, *flip, "-i", whole, "-c", "copy", turned], check=True)
    clean_aperture.write(turned, film, REST, OFF)
    (before, all_of_it), (info, shown) = read(turned, pool), read(film, pool)
    upright = Cropping(**SIDES).upright(before.rotation, before.mirrored)
    high, wide, _ = all_of_it.shape
    assert (info.width, info.height) == (REST if turn == "180" else REST[::-1])
    assert np.abs(shown - all_of_it[upright.top : high - upright.bottom, upright.left : wide - upright.right]).mean() < 1


def test_sides_go_with_the_picture() -> None:
    crop = Cropping(left=1, top=2, right=3, bottom=4)
    assert crop.upright(90, mirrored=False) == Cropping(left=4, top=1, right=2, bottom=3)
    assert crop.upright(0, mirrored=True) == Cropping(left=3, top=2, right=1, bottom=4)
    assert crop.upright(90, mirrored=True) == Cropping(left=4, top=3, right=2, bottom=1)
    assert crop.upright(360, mirrored=False) == crop


def test_halves_of_pixels_are_rounded_as_libav_does(whole: Path, tmp_path: Path) -> None:
    film = clean_aperture.write(whole, tmp_path / "film.mp4", (Fraction(543, 2), 211), (Fraction(-7, 2), Fraction(1, 2)))
    assert told(film) == Cropping(left=20, top=15, right=28, bottom=14)


@pytest.mark.parametrize("size", [(320, 240), (0, 0), (400, 240)])
def test_what_can_not_be_is_not_followed(size: tuple[int, int], whole: Path, pool: WorkerPool, tmp_path: Path) -> None:
    film = clean_aperture.write(whole, tmp_path / "film.mp4", size, (0, 0))
    assert told(film) is None
    info, _ = read(film, pool)
    assert (info.width, info.height) == SIZE


def test_a_damaged_box_is_not_followed(whole: Path, tmp_path: Path) -> None:
    film = clean_aperture.write(whole, tmp_path / "film.mp4", REST, OFF)
    data = bytearray(film.read_bytes())
    at = data.index(b"clap")
    data[at + 8 : at + 12] = bytes(4)  # a denominator
    film.write_bytes(data)
    assert told(film) is None
    film.write_bytes(data[: at + 9])
    assert told(film) is None
