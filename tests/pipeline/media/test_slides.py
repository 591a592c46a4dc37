"""Slides, each stored once and some out of order: copied, drawn and shown at their times, the last one until the sound is over."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pipeline.families import parse
from pipeline.media import Encoding, burn, mux
from pipeline.media.preview import preview
from pipeline.media.standing import LAST, repeats
from pipeline.media.still import still
from pipeline.types import Cue, Track
from pipeline.video.film import open_film
from pipeline.video.probe import probe

Make = Callable[..., Path]
Frames = Callable[[Path], list[tuple[float, NDArray[np.uint8]]]]
SHOWN = (0, 13, 27, 45)
"""seconds at which a slide comes: behind more than ten seconds of nothing ffmpeg takes a broadcast's clock for one that was set anew"""
SOUND = 60
"""seconds"""
LIGHT = (30, 60, 90, 120)
"""luma of each"""
OUT_OF_ORDER = ("-x264-params", "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0")
KINDS = {
    "deck.mkv": ("libx264", *OUT_OF_ORDER),
    "deck.mp4": ("libx264", *OUT_OF_ORDER),
    "deck.ts": ("libx264", *OUT_OF_ORDER),
    "in_order.ts": ("libx264", "-bf", 0),
    "mpeg2.ts": ("mpeg2video",),
    "hevc.mkv": ("libx265", "-x265-params", "log-level=error:bframes=2:b-adapt=0:scenecut=0"),
}
QUICK = Encoding(preset="ultrafast", crf=10)


@pytest.fixture(scope="module", params=KINDS)
def deck(request: pytest.FixtureRequest, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen = "+".join(rf"eq(n\,{25 * at})" for at in SHOWN)
    picture = f"select={chosen},geq=lum=30+30*N:cb=128:cr=128,format=yuv420p"
    sources = ("-f", "lavfi", "-i", f"color=black:s=320x180:r=25:d={SHOWN[-1] + 1}", "-f", "lavfi", "-i", f"sine=d={SOUND}")
    sound = ("-c:a", "mp2" if request.param == "mpeg2.ts" else "aac")
    path = tmp_path_factory.mktemp("slides") / request.param
    return make(path, *sources, "-vf", picture, "-fps_mode", "vfr", "-c:v", *KINDS[request.param], *sound)


def slides(frames: list[tuple[float, NDArray[np.uint8]]]) -> list[tuple[float, int]]:
    """(when it is shown, which slide it is) of each picture, in the order of showing."""
    return sorted((time, which(picture)) for time, picture in frames)


def which(picture: NDArray[np.uint8]) -> int:
    luma = float(np.median(picture))
    return int(np.abs(np.array(LIGHT) - luma).argmin())


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_copy_shows_each_slide_at_its_time(deck: Path, suffix: str, frames: Frames, tmp_path: Path) -> None:
    track = Track(cues=(Cue(start=50.0, end=55.0, lines=("The last one",)),))
    told = mux(deck, [track], tmp_path / f"copy.{suffix}")
    assert not [one for one in told if one.code in ("partial", "past_the_end")]
    found = slides(frames(tmp_path / f"copy.{suffix}"))
    assert [slide for _, slide in found] == [0, 1, 2, 3]
    assert [time for time, _ in found] == pytest.approx(SHOWN, abs=0.05)


def test_text_is_drawn_on_the_last_slide_until_the_sound_is_over(deck: Path, frames: Frames, tmp_path: Path) -> None:
    cues = (Cue(start=14.0, end=16.0, lines=("The second one",)), Cue(start=50.0, end=59.9, lines=("The last one",)))
    out = tmp_path / "burned.mp4"
    assert not [one for one in burn(deck, Track(cues=cues), out, encoding=QUICK) if one.code in ("partial", "past_the_end")]
    pictures = sorted(frames(out), key=lambda one: one[0])
    assert all(any(abs(time - at) < 0.1 for time, _ in pictures) for at in SHOWN)
    standing = {
        at: next(picture for time, picture in reversed(pictures) if time <= at + 0.1) for at in (12, 15, 44, 46, 52, 59.5)
    }
    assert {at: which(picture) for at, picture in standing.items()} == {12: 0, 15: 1, 44: 2, 46: 3, 52: 3, 59.5: 3}
    drawn = {at for at, picture in standing.items() if int(picture.max()) > 170}
    assert drawn == {15, 52, 59.5}
    assert pictures[-1][0] == pytest.approx(SOUND, abs=0.3)


@pytest.mark.parametrize("late", [0.3, 5])
@pytest.mark.parametrize("suffix", ["mkv", "ts", "mp4"])
def test_slides_whose_sound_begins_later_are_described_when_they_are_shown(
    suffix: str, late: float, make: Make, frames: Frames, tmp_path: Path
) -> None:
    """Of these libav took the sound's beginning for the picture's: captions came that much earlier than what is drawn and copied."""
    chosen = "+".join(rf"eq(n\,{25 * at})" for at in SHOWN)
    sources = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=46", "-itsoffset", late, "-f", "lavfi", "-i", "sine=d=60")
    codec = ("-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p", *OUT_OF_ORDER, "-c:a", "aac")
    film = make(tmp_path / f"deck.{suffix}", *sources, "-vf", f"select={chosen}", *codec)
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform:count=1")
    with open_film(probe(film), rule=rule, sampler=sampler, size=(96, 54)) as read:
        windows = list(read)
    assert [window.start for window in windows] == pytest.approx(SHOWN, abs=0.1)
    assert windows[-1].end == pytest.approx(SOUND + late, abs=0.2)
    burn(film, Track(cues=(Cue(start=50.0, end=55.0, lines=("The last one",)),)), tmp_path / "burned.mp4", encoding=QUICK)
    drawn = [time for time, _ in frames(tmp_path / "burned.mp4")]
    assert all(min(abs(time - at) for time in drawn) < 0.1 for at in SHOWN)


@given(st.floats(3, 10))
def test_what_is_drawn_again_ends_with_the_picture(end: float) -> None:
    """Whenever its text goes: just before the end there was no room for the two that tell how long the last one stands."""
    again = repeats([0.0], 10.0, [Cue(start=2.0, end=end, lines=("x",))])
    assert again == sorted(again)
    assert again[-1] + LAST == pytest.approx(10.0, abs=LAST)


def test_a_still_is_the_slide_that_stands_at_the_moment(deck: Path, tmp_path: Path) -> None:
    found = {}
    for at in (0.0, 12.5, 13.5, 26.5, 44.5, 46.0, 59.5):
        still(deck, at, tmp_path / "still.jpg")
        with Image.open(tmp_path / "still.jpg") as image:
            found[at] = which(np.asarray(image.convert("L")))
    assert found == {0.0: 0, 12.5: 0, 13.5: 1, 26.5: 1, 44.5: 2, 46.0: 3, 59.5: 3}


def test_a_preview_shows_each_slide_at_its_time(deck: Path, frames: Frames, tmp_path: Path) -> None:
    preview(deck, tmp_path / "preview.mp4")
    found = slides(frames(tmp_path / "preview.mp4"))
    assert [slide for _, slide in found] == [0, 1, 2, 3]
    assert [time for time, _ in found] == pytest.approx(SHOWN, abs=0.1)


def test_a_still_of_a_broadcast_is_whole(make: Make, tmp_path: Path) -> None:
    """Seeking goes to the middle of a group of pictures there; HEVC is decoded from it, with grey for what is missing."""
    coded = ("-c:v", "libx265", "-x265-params", "log-level=error:keyint=250:scenecut=0")
    film = make(tmp_path / "film.ts", "-f", "lavfi", "-i", "color=white:s=320x180:r=25:d=8", "-pix_fmt", "yuv420p", *coded)
    found = []
    for at in (2.0, 3.0, 5.0):
        still(film, at, tmp_path / "still.jpg")
        with Image.open(tmp_path / "still.jpg") as image:
            found.append(float(np.median(np.asarray(image.convert("L")))))
    assert found == pytest.approx([255, 255, 255], abs=10)
