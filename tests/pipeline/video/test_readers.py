"""One contract over both readers: the same frames at the same times, and pictures that look alike."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe

PLAIN = [
    "h264.mp4", "h264_long.mp4", "h264_pyramid.mp4", "h264_10bit.mkv", "h264.ts", "hevc.mp4", "vp8.webm", "vp9.webm", "av1.mp4", "mpeg2.mpg",
    "mpeg4.avi", "mjpeg.avi", "prores.mov", "ffv1.mkv", "theora.ogg", "turned_90.mp4", "turned_180.mp4", "turned_270.mp4", "wide_pixels.mp4",
    "variable.mp4", "variable.mkv", "late.mp4", "late.mkv", "edit_list_late.mp4", "offset.ts", "ntsc.mp4", "fast.mp4", "slow.mp4", "gap.mkv",
    "with_sound.mkv",
]  # fmt: skip


def read(path: Path, reader: str, pool: WorkerPool) -> tuple[list[Any], Any]:
    info = probe(path, pool=pool)
    object.__setattr__(info, "reader", reader)
    with open_film(
        info, rule=parse("windows", "fixed:seconds=1"), sampler=parse("samplers", "uniform:count=3"), size=(160, 90), pool=pool
    ) as film:
        windows = list(film)
        assert film._reading.reader == reader, "the other one had to help out"
        return windows, film


@pytest.mark.parametrize("name", PLAIN)
def test_readers_agree(name: str, films: Path, pool: WorkerPool, tools: ModuleType) -> None:
    (one, film), (other, again) = (read(films / name, reader, pool) for reader in ("pyav", "opencv"))
    assert film.notices == again.notices
    assert [(w.start, w.end) for w in one] == [(w.start, w.end) for w in other]
    for window, twin in zip(one, other, strict=True):
        assert [(f.time, f.index) for f in window.frames] == [(f.time, f.index) for f in twin.frames]
        for frame, same in zip(window.frames, twin.frames, strict=True):
            assert frame.image.shape == same.image.shape == (90, 160, 3)
            assert np.abs(frame.image.astype(int) - same.image).mean() < 6
