"""Recordings that stall and catch up: many pictures of one time, and the rest of the film stays where it is."""

import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.listing import UNKNOWN, Listing
from pipeline.video.probe import probe
from pipeline.video.table import Table, build


def film(pts: list[int], every: int = 25) -> Table:
    """Frames in groups, in ticks of a frame."""
    marks = np.arange(len(pts)) % every == 0, np.zeros(len(pts), np.bool_)
    return build(Listing(np.array(pts), *marks, np.ones(len(pts), np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04))


@pytest.mark.parametrize("every", [10, 25, 250])
def test_bursts_do_not_add_up(every: int) -> None:
    pts = [at + {10: 2, 11: 1}.get(at % 25, 0) for at in range(1500)]
    table = film(pts, every)
    assert np.abs(table.times - np.array(pts) * 0.04).max() < 0.04
    assert np.diff(table.times).min() > 0.01, "they share what is left until the next one"
    assert table.end == pytest.approx(60.0)


def test_pictures_of_one_time_are_a_frame_apart_where_there_is_room() -> None:
    table = film([*range(10), *[35] * 25, *range(60, 100)])
    assert table.times == pytest.approx(np.array([*range(10), *range(35, 100)]) * 0.04)


def test_more_pictures_than_millionths_of_a_second() -> None:
    table = film([*[0] * 60_000, 1, 2, 3])
    assert np.diff(table.times).min() > 0
    assert table.times[-1] < 0.2


@pytest.mark.parametrize("standing", [50, UNKNOWN])
def test_a_clock_that_begins_anew_goes_on_behind_what_was_spread(standing: int) -> None:
    table = film([*range(50), *[standing] * 25, *range(1, 51)])
    assert table.times == pytest.approx(np.arange(125) * 0.04)


@pytest.mark.parametrize("name", ["film.flv", "film.mkv"])
def test_what_is_behind_a_burst_is_not_late(name: str, tools: ModuleType, pool: WorkerPool, tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=s=64x48:d=8:r=25", "-c:v", "libx264", "-bf", "0", "-g", "25"]
    whole, burst = tmp_path / "whole.mp4", tmp_path / name
    subprocess.run([tools.FFMPEG, "-v", "error", *source, whole], check=True)
    late = "setts=ts='if(between(N,50,99),99*PTS/max(N,1),PTS)'"
    subprocess.run([tools.FFMPEG, "-v", "error", "-i", whole, "-c", "copy", "-bsf:v", late, burst], check=True)
    rule, sampler = parse("windows", "fixed:seconds=2"), parse("samplers", "rate:fps=25")
    with open_film(probe(burst, pool=pool), rule=rule, sampler=sampler, size=(32, 24), pool=pool) as reading:
        times = [time for window in reading for time in window.frames.times]
        assert reading.end == pytest.approx(8.0, abs=0.01)
    assert times[-50:] == pytest.approx(np.arange(150, 200) * 0.04, abs=0.002)
