"""Every film of the corpus becomes what it must: right frames at right times, or its reason code."""

import os
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.families import parse
from pipeline.types import Window
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe

av.logging.set_level(av.logging.PANIC)


@dataclass(frozen=True)
class Truth:
    """What PyAV sees when it decodes everything."""

    times: tuple[float, ...]
    numbers: tuple[int, ...]


@lru_cache
def truth(path: str, tools: ModuleType) -> Truth:
    """The whole film, in this process, the plain way."""
    times, numbers = [], []
    with av.open("file:" + os.path.abspath(path), metadata_errors="replace") as container:
        stream = next(s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic)
        start = (container.start_time or 0) / av.time_base
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in frames:
                if frame.pts is not None:
                    times.append(round(float(frame.pts * stream.time_base) - start, 6))
                    numbers.append(tools.number(frame.to_ndarray(format="rgb24")))
    return Truth(tuple(times), tuple(numbers))


def upright(image: np.ndarray, case: Any) -> np.ndarray:
    """Undo what the film's matrix asks for, to read the number."""
    image = np.rot90(image, case.turn // 90)
    return image[:, ::-1] if case.mirrored else image


def read(
    path: Path,
    pool: WorkerPool,
    *,
    rule: str = "fixed:seconds=1",
    sampler: str = "uniform:count=4",
    shown: Any = None,
    **change: Any,
) -> tuple[list[Window], Any]:
    info = shown or probe(path, pool=pool)
    for name, value in change.items():
        object.__setattr__(info, name, value)
    side = (192, 108) if info.width >= info.height else (108, 192)
    with open_film(info, rule=parse("windows", rule), sampler=parse("samplers", sampler), size=side, pool=pool) as film:
        windows = list(film)
        return windows, film


def test_refused(bad: Any, films: Path, pool: WorkerPool, tools: ModuleType) -> None:
    with pytest.raises(InputError) as caught:
        read(tools.film_of(bad, films), pool)
    assert caught.value.code in bad.error
    assert caught.value.message


def test_read(good: Any, films: Path, pool: WorkerPool, tools: ModuleType) -> None:
    path = tools.film_of(good, films)
    info = probe(path, pool=pool)
    if good.shape:
        assert (info.width, info.height) == good.shape
    if good.reader:
        assert info.reader == good.reader
    windows, film = read(path, pool, shown=info)
    codes = {notice.code for notice in film.notices}
    assert good.notices <= codes <= good.notices | good.maybe
    assert windows
    starts = [window.start for window in windows]
    assert starts == sorted(starts)
    assert all(window.start < window.end and window.frames for window in windows)
    assert 0 < film.position <= film.end + 1e-6
    times = sorted({frame.time for window in windows for frame in window.frames})
    assert all(frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous for window in windows for frame in window.frames)
    assert all(frame.image.mean() > 20 for window in windows for frame in window.frames), "a black frame"
    if good.whole:
        assert windows[-1].end == pytest.approx(film.end)
    if not good.counts:
        return
    seen = truth(str(path), tools) if good.exact else None
    if seen is None:
        numbers = [tools.number(upright(frame.image, good)) for window in windows for frame in window.frames]
        assert good.name == "joined.ts" or numbers == sorted(numbers)
        return
    by_time = dict(zip((round(t, 3) for t in seen.times), seen.numbers, strict=True))
    for time in times:
        assert round(time, 3) in by_time
    for window in windows:
        for frame in window.frames:
            assert tools.number(upright(frame.image, good)) == by_time[round(frame.time, 3)]
    if not good.whole:
        return
    sampler = parse("samplers", "uniform:count=4")
    ordered = sorted(seen.times)
    for window in windows:
        looks = sampler.times(window.start, window.end)
        asked = sorted({ordered[max(0, bisect_right(ordered, look + 1e-6) - 1)] for look in looks})
        assert [frame.time for frame in window.frames] == pytest.approx(asked, abs=0.0011)
