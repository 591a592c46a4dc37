"""Clips of several sizes put together: the text stays as it is, pictures get bars instead of being stretched."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.media import Encoding, burn
from pipeline.types import Cue, Track

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
TEXT = Track(cues=(Cue(start=0.0, end=4.0, lines=("A man in a red coat walks", "across the busy street.")),), language="en")


def clip(make: Make, path: Path, size: str) -> bytes:
    picture = f"color=0x606060:s={size}:r=25:d=2"
    return make(path, "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast").read_bytes()


@pytest.mark.parametrize("second", ["360x640", "320x180", "1280x720", "480x360"])
def test_the_text_keeps_its_place_and_its_shape(second: str, make: Make, tmp_path: Path, frames: Any) -> None:
    film, out = tmp_path / "joined.ts", tmp_path / "out.mkv"
    film.write_bytes(clip(make, tmp_path / "a.ts", "640x360") + clip(make, tmp_path / "b.ts", second))
    burn(film, TEXT, out, encoding=QUICK)
    pictures = [picture for _, picture in frames(out)]
    assert {picture.shape for picture in pictures} == {(360, 640)}
    first, last = pictures[30].astype(int), pictures[80].astype(int)
    letters = [np.argwhere(picture > 180) for picture in (first, last)]
    boxes = [(*found.min(axis=0), *found.max(axis=0)) for found in letters]
    assert boxes[1] == pytest.approx(boxes[0], abs=2)
    assert 0.1 * 640 < boxes[1][1] < boxes[1][3] < 0.9 * 640, "well inside"
    width, height = map(int, second.split("x"))
    wide = round(min(640, 360 * width / height))
    row = last[20]
    grey = np.flatnonzero(abs(row - first[20, 320]) < 20)
    assert (grey.min(), grey.max()) == pytest.approx(((640 - wide) // 2, (640 + wide) // 2 - 1), abs=3), "bars, nothing stretched"
    assert len(grey) == pytest.approx(wide, abs=6)


def test_pictures_of_one_size_are_not_touched(make: Make, tmp_path: Path, frames: Any) -> None:
    film = make(
        tmp_path / "film.mkv", "-f", "lavfi", "-i", "testsrc=s=322x182:r=25:d=2,setsar=16/15,format=yuv420p", "-c:v", "libx264", "-crf", 10
    )  # fmt: skip
    out = tmp_path / "out.mkv"
    burn(film, Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),)), out, encoding=QUICK)
    (_, before), (_, after) = frames(film)[40], frames(out)[40]
    assert before.shape == after.shape
    assert np.abs(before.astype(int) - after.astype(int)).max() < 24, "no picture was scaled"
