"""What is transparent in a film is shown as players show it, on black (a GIF on white), in captions, burned films, previews and stills."""

from collections.abc import Callable
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.families import parse
from pipeline.media import Encoding, burn
from pipeline.media.preview import preview
from pipeline.media.still import still
from pipeline.types import Cue, Track
from pipeline.video.film import open_film
from pipeline.video.probe import probe

Make = Callable[..., Path]
Picture = NDArray[np.uint8]
SIZE = (384, 192)
PICTURE = (
    f"color=red:s={SIZE[0]}x{SIZE[1]}:r=5:d=2,format=rgba,"
    "geq=r='if(lt(X,128),0,255)':g='if(lt(X,128),255,0)':b='if(lt(X,128),0,128)':a='if(lt(X,128),255,if(lt(X,256),{half},0))'"
)
"""a third of it green, a third half transparent, a third transparent; both latter are a red that has some blue"""
GREEN, HIDDEN, HALF = (0, 255, 0), (255, 0, 128), (128, 0, 64)
KINDS = {
    "QuickTime animation": ("film.mov", "-c:v", "qtrle", "-pix_fmt", "argb"),
    "PNG": ("film.mov", "-c:v", "png", "-pix_fmt", "rgba"),
    "ProRes 4444": ("film.mov", "-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"),
    "FFV1": ("film.mkv", "-c:v", "ffv1", "-pix_fmt", "bgra"),
    "VP9": ("film.webm", "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-auto-alt-ref", 0, "-b:v", "2M", "-cpu-used", 8),
    "VP8": ("film.webm", "-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", 0, "-b:v", "2M"),
    "VP9 in Matroska": (
        "film.mkv",
        "-c:v",
        "libvpx-vp9",
        "-pix_fmt",
        "yuva420p",
        "-auto-alt-ref",
        0,
        "-b:v",
        "2M",
        "-cpu-used",
        8,
    ),
}
TEXT = Track(cues=(Cue(start=1.0, end=1.5, lines=("One.",)),))


def described(film: Path) -> Picture:
    """The first picture as a model is shown it."""
    with open_film(
        probe(film), rule=parse("windows", "fixed:seconds=100"), sampler=parse("samplers", "uniform:count=4"), size=SIZE
    ) as read:
        (window,) = list(read)
        return np.array(window.frames[0].image)


def first(film: Path) -> Picture:
    with av.open(str(film)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def thirds(picture: Picture) -> list[tuple[int, ...]]:
    """The colours in the middle of the three thirds."""
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    return [tuple(int(value) for value in picture[96, x]) for x in (64, 192, 320)]


def near(found: list[tuple[int, ...]], right: list[tuple[int, ...]]) -> bool:
    """Within what the codecs and 4:2:0 change."""
    return np.abs(np.array(found) - np.array(right)).max() <= 14


def shown(film: Path, folder: Path) -> dict[str, list[tuple[int, ...]]]:
    """What each door makes of the first picture."""
    burn(film, TEXT, folder / "burned.mp4", encoding=Encoding(preset="ultrafast", crf=5))
    preview(film, folder / "preview.mp4")
    still(film, 0.0, folder / "still.jpg")
    found = {"captions": described(film)} | {name: first(folder / name) for name in ("burned.mp4", "preview.mp4", "still.jpg")}
    return {name: thirds(picture) for name, picture in found.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_films_are_on_black(make: Make, kind: str, tmp_path: Path) -> None:
    name, *options = KINDS[kind]
    film = make(tmp_path / name, "-f", "lavfi", "-i", PICTURE.format(half=128), *options)
    for door, found in shown(film, tmp_path).items():
        assert near(found, [GREEN, HALF, (0, 0, 0)]), (door, found)


def test_the_newest_ffmpeg_does_the_same(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *options = KINDS["VP9"]
    film = make(tmp_path / name, "-f", "lavfi", "-i", PICTURE.format(half=128), *options)
    monkeypatch.setenv("SCENESCRIBE_FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())
    for door, found in shown(film, tmp_path).items():
        assert near(found, [GREEN, HALF, (0, 0, 0)]), (door, found)


def test_a_gif_is_on_white(make: Make, tmp_path: Path) -> None:
    picture = PICTURE.format(half=0) + ",split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"
    film = make(tmp_path / "film.gif", "-f", "lavfi", "-i", picture)
    for door, found in shown(film, tmp_path).items():
        assert near(found, [GREEN, (255, 255, 255), (255, 255, 255)]), (door, found)


def test_a_fourth_byte_that_means_nothing_hides_nothing(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.avi", "-f", "lavfi", "-i", PICTURE.format(half=0), "-c:v", "rawvideo", "-pix_fmt", "bgra")
    for door, found in shown(film, tmp_path).items():
        assert near(found, [GREEN, HIDDEN, HIDDEN]), (door, found)


def test_what_is_opaque_all_over_is_as_it_was(make: Make, tmp_path: Path) -> None:
    picture = f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=5:d=1"
    with_alpha = make(tmp_path / "rgba.mov", "-f", "lavfi", "-i", picture, "-c:v", "png", "-pix_fmt", "rgba")
    without = make(tmp_path / "rgb.mov", "-f", "lavfi", "-i", picture, "-c:v", "png", "-pix_fmt", "rgb24")
    assert np.abs(described(with_alpha).astype(int) - described(without).astype(int)).max() <= 2
