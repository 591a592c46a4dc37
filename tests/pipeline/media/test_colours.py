"""A picture stored as red, green and blue is burned in the colours that players give it back in: BT.709 from 720 rows on, and it is told."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.media import Encoding, burn
from pipeline.media.preview import preview
from pipeline.types import Cue, Track

QUICK = Encoding(preset="ultrafast", crf=10)
GREEN = (0x20, 0xC0, 0x40)
BT709, BT601 = (142, 87, 63), (126, 95, 67)
"""Y, Cb, Cr of GREEN, 16 to 235 and 16 to 240"""
KINDS = {
    "a recorder's H.264": ("h264.mp4", "-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", 0),
    "PNG": ("png.mov", "-c:v", "png"),
    "an editor's animation": ("qtrle.mov", "-c:v", "qtrle"),
    "a screen's capture": ("zmbv.avi", "-c:v", "zmbv"),
    "raw": ("raw.avi", "-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    "GIF": ("film.gif", "-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"),
}


def first(path: Path) -> tuple[tuple[int, ...], int]:
    """(Y, Cb, Cr of the first picture's corner, the matrix that it names: 1 is BT.709, 5 and 6 are BT.601)."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return tuple(int(np.asarray(plane).view(np.uint8)[0]) for plane in frame.planes), int(frame.colorspace)


def green(make: Callable[..., Path], folder: Path, kind: str, size: str) -> Path:
    name, *options = KINDS[kind]
    return make(folder / name, "-f", "lavfi", "-i", f"color=0x{bytes(GREEN).hex()}:s={size}:r=5:d=2", *options)


def near(found: tuple[int, ...], right: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 3 for a, b in zip(found, right, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_picture(make: Callable[..., Path], kind: str, track: Track, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    burn(green(make, tmp_path, kind, "1280x720"), track, out, encoding=QUICK)
    colour, matrix = first(out)
    assert near(colour, BT709), colour
    assert matrix == 1


def test_a_small_picture(make: Callable[..., Path], track: Track, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    burn(green(make, tmp_path, "PNG", "640x360"), track, out, encoding=QUICK)
    colour, matrix = first(out)
    assert near(colour, BT601), colour
    assert matrix in (5, 6)


def test_a_picture_that_stands_while_texts_change(make: Callable[..., Path], tmp_path: Path) -> None:
    film = make(
        tmp_path / "slides.mov", "-f", "lavfi", "-i", f"color=0x{bytes(GREEN).hex()}:s=1280x720:r=1/4:d=12", "-c:v", "png"
    )
    out = tmp_path / "out.mkv"
    burn(film, Track(cues=(Cue(start=1.0, end=3.0, lines=("One.",)),)), out, encoding=QUICK)
    colour, matrix = first(out)
    assert near(colour, BT709), colour
    assert matrix == 1


def test_a_copy_for_browsers(make: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    preview(green(make, tmp_path, "a recorder's H.264", "1280x720"), out)
    colour, matrix = first(out)
    assert near(colour, BT709), colour
    assert matrix == 1


def test_colours_that_are_stored_otherwise_stay(make: Callable[..., Path], track: Track, tmp_path: Path) -> None:
    """What a film says of its colours, or leaves to the player, is not ours to change."""
    given = (
        "-f", "lavfi", "-i", f"color=0x{bytes(GREEN).hex()}:s=1280x720:r=5:d=2", "-vf", "scale=out_color_matrix=bt709,format=yuv420p",
        "-c:v", "libx264", "-preset", "ultrafast",
    )  # fmt: skip
    for name, told in (("told.mp4", ("-colorspace", "bt709")), ("untold.mp4", ())):
        film, out = make(tmp_path / name, *given, *told), tmp_path / f"out-{name}"
        burn(film, track, out, encoding=QUICK)
        before, after = first(film), first(out)
        assert near(after[0], BT709)
        assert after[1] == before[1]


HDR = ("bt2020nc", "bt2020", "smpte2084")
TOLD = {
    "HDR": ("hdr.mkv", "yuv420p10le", "tv", HDR),
    "full range, 10 bit": ("full.mkv", "yuv420p10le", "pc", ("bt709", "bt709", "iec61966-2-1")),
    "a telephone's": ("telephone.mp4", "yuvj420p", "pc", ("bt470bg", "bt470bg", "smpte170m")),
    "the matrix alone": ("matrix.mp4", "yuv420p", "tv", ("bt709", "unknown", "unknown")),
    "nothing": ("nothing.mp4", "yuv420p", "", ()),
}


def described(path: Path) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """(matrix, primaries, curve) of the first picture, and its colours in red, green and blue, by what it tells of itself."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        if frame.color_range == 0:
            frame.color_range = 2 if "yuvj" in frame.format.name else 1
        picture = frame.to_ndarray(format="rgb24")
        return (int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc)), tuple(int(one) for one in picture[5, 5])


@pytest.mark.parametrize("kind", TOLD)
def test_pictures_that_are_repeated_keep_their_colours(make: Callable[..., Path], kind: str, tmp_path: Path) -> None:
    """At two pictures a second they come again where a text goes, and are joined with another film, which forgets what colours they have."""
    name, form, full, told = TOLD[kind]
    picture = (
        f"color=0x{bytes(GREEN).hex()}:s=160x120:r=2:d=3,scale=out_range={full or 'tv'}:out_color_matrix=bt709,format={form}"
    )
    options = [
        word
        for option, value in zip(("-colorspace", "-color_primaries", "-color_trc"), told, strict=False)
        for word in (option, value)
    ]
    options += ["-color_range", full] if full else []
    film = make(tmp_path / name, "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-crf", 4, "-pix_fmt", form, *options)
    out = tmp_path / "out.mkv"
    burn(film, Track(cues=(Cue(start=2.2, end=2.7, lines=("x",)),)), out, encoding=QUICK)
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 6, "some are repeated"
    (before, seen), (after, seen_after) = described(film), described(out)
    assert after == before
    assert near(seen_after, seen)
