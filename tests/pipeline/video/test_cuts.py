"""A cut is told from motion, cell by cell; in film that moves it is found to the frame without decoding the ends of groups."""

import subprocess
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from pipeline.bench.films import FilmSpec, write
from pipeline.families import parse
from pipeline.frames import Image
from pipeline.types import Span
from pipeline.video.children.pool import WorkerPool
from pipeline.video.cuts.rule import CLEAR, DOUBT, SMALL, SURPRISE, Seen, between_flashes, surprise
from pipeline.video.film import open_film
from pipeline.video.probe import probe

WIDTH, HEIGHT, FPS, GOP = 320, 180, 25, 30
CUTS = [GOP * 2, *(2 * GOP * i - before for i, before in enumerate((1, 2, 3, 4, 5, 7), 2)), GOP * 16 + 1, GOP * 18 + 11]
"""first frames of shots: at a keyframe, in the end of a group, in what leads an open one in, and inside"""
LENGTH = GOP * 20


def texture(seed: int, cells: int = 5) -> Image:
    noise = np.random.default_rng(seed).uniform(30, 220, (cells, 2 * cells, 3)).astype(np.float32)
    return cv2.resize(noise, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def small(scene: Image, x: int) -> Image:
    part = scene[HEIGHT // 2 : HEIGHT // 2 + HEIGHT, x : x + WIDTH]
    return np.asarray(cv2.resize(part, SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def test_a_pan_does_not_surprise_and_a_cut_does() -> None:
    one, other = texture(1), texture(2)
    past = [(6 * i, small(one, 12 * i)) for i in range(4)]
    for contrast in (DOUBT, CLEAR):
        assert surprise(past, (24, small(one, 48)), contrast) < SURPRISE
        assert surprise(past, (36, small(one, 72)), contrast) < SURPRISE, "twice as long, and twice as far"
        assert surprise(past, (24, small(other, 48)), contrast) > SURPRISE


def test_an_object_that_moves_hides_no_cut() -> None:
    scenes = [np.full((SMALL[1], SMALL[0], 3), level, np.uint8) for level in (120, 127)]

    def crossed(scene: Image, x: int) -> Image:
        picture = scene.copy()
        picture[4:20, x : x + 12] = 250
        return picture

    past = [(6 * i, crossed(scenes[0], 8 * i)) for i in range(4)]
    assert surprise(past, (24, crossed(scenes[0], 32)), CLEAR) < SURPRISE
    assert surprise(past, (24, crossed(scenes[1], 32)), CLEAR) > SURPRISE


def test_flashes_divide_what_is_compared() -> None:
    one, other = texture(1), texture(2)
    dark, cut = [small(one, 2 * i) for i in range(6)], small(other, 0)
    white = np.full_like(cut, 250)

    def ranks(*pictures: Image) -> list[list[int]]:
        seen: list[Seen] = list(enumerate(pictures))
        return [[rank for rank, _ in run] for run in between_flashes(seen)]

    assert ranks(*dark) == [[0, 1, 2, 3, 4, 5]]
    assert ranks(dark[0], white, white, dark[3], dark[4]) == [[0], [3, 4]]
    assert ranks(dark[0], dark[1], white, dark[3], cut, cut) == [[0, 1], [3, 4, 5]]
    assert ranks(dark[0], dark[1], cut, cut) == [[0, 1, 2, 3]]
    assert ranks(dark[0], white) == [[0, 1]]
    assert ranks(dark[0]) == [[0]]


def test_cuts_beside_flashes(tmp_path: Path, pool: WorkerPool, tools: ModuleType) -> None:
    """Three bright frames at any place between two samples, some of them right before a cut."""
    cuts, flashes = [60, 118, 181, 243, 300], [20, 41, 70, 90, 113, 140, 177, 205, 239, 260, 283, 330]
    path = tmp_path / "flashes.mp4"
    raw = f"-v error -y -f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {FPS} -i - -pix_fmt yuv420p -c:v"
    coding = ["libx264", "-preset", "veryfast", "-sc_threshold", "0"]
    with subprocess.Popen([tools.FFMPEG, *raw.split(), *coding, str(path)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        begun, scene = 0, texture(0)
        for number in range(360):
            if number in cuts:
                begun, scene = number, texture(number)
            picture = scene[HEIGHT // 2 : HEIGHT // 2 + HEIGHT, 2 * (number - begun) :][:, :WIDTH]
            bright = any(flash <= number < flash + 3 for flash in flashes)
            process.stdin.write(np.ascontiguousarray(picture // 4 + 190 if bright else picture).tobytes())
    with open_film(
        probe(path, pool=pool),
        rule=parse("windows", "scenes"),
        sampler=parse("samplers", "uniform:count=8"),
        size=(96, 54),
        pool=pool,
    ) as film:
        assert list(film)
    assert [round(time * FPS) for time in film.shots] == cuts


CODINGS = {
    "closed": ["libx264", "-preset", "veryfast", "-sc_threshold", "0", "-g", str(GOP)],
    "open": ["libx265", "-preset", "ultrafast", "-x265-params", f"log-level=none:keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=1:bframes=4"],
}  # fmt: skip


@pytest.fixture(scope="module", params=[(coding, grain) for coding in CODINGS for grain in (0, 40)], ids=str)
def moving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    """Shots that pan all the time, with grain in which the sizes of packets tell nothing, or without."""
    coding, grain = request.param
    path, random = tmp_path_factory.mktemp("moving") / f"{coding}.mp4", np.random.default_rng(5)
    raw = f"-v error -y -f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {FPS} -i - -pix_fmt yuv420p -c:v"
    with subprocess.Popen([tools.FFMPEG, *raw.split(), *CODINGS[coding], str(path)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        begun, scene = 0, texture(0)
        for number in range(LENGTH):
            if number in CUTS:
                begun, scene = number, texture(number)
            x = 2 * (number - begun)
            picture = scene[HEIGHT // 2 : HEIGHT // 2 + HEIGHT, x : x + WIDTH].astype(np.int16)
            picture = picture + random.integers(-grain, grain + 1, (HEIGHT, WIDTH, 1), np.int16)
            process.stdin.write(picture.clip(0, 255).astype(np.uint8).tobytes())
    assert process.returncode == 0
    return path


class Given:
    """A rule, and its splitter too, whose windows are known beforehand."""

    needs_cuts, shortest = False, 0.1

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans

    def splitter(self, first: float) -> "Given":
        return self

    def sample(self, time: float) -> list[Span]:
        return []

    cut = sample

    def finish(self, end: float) -> list[Span]:
        return self.spans


def test_cuts_near_keyframes_in_film_that_moves(moving: Path, pool: WorkerPool) -> None:
    path = moving
    info = probe(path, pool=pool)
    rule, sampler = parse("windows", "scenes:min=1.5,max=10"), parse("samplers", "uniform:count=6")
    with open_film(info, rule=rule, sampler=sampler, size=(96, 54), pool=pool) as film:
        windows = list(film)
    assert [round(time * FPS) for time in film.shots] == CUTS
    assert all(len(window.frames) == 6 for window in windows)
    given = Given([(window.start, window.end) for window in windows])
    with open_film(info, rule=given, sampler=sampler, size=(96, 54), pool=pool) as alone:
        assert [(window.start, window.end) for window in alone] == given.spans
    assert film.frames_decoded <= 1.1 * alone.frames_decoded, "the ends of groups are left out"


@pytest.mark.parametrize("gop", [25, 40])
def test_cuts_where_more_moves_than_a_cut_changes(tmp_path: Path, pool: WorkerPool, gop: int) -> None:
    """From sample to sample as much changes as at a cut; only the frames beside it tell it."""
    path = tmp_path / "fast.mp4"
    write(path, FilmSpec(seconds=16, width=320, height=180, fps=25, gop=gop))
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform:count=8")
    with open_film(probe(path, pool=pool), rule=rule, sampler=sampler, size=(96, 54), pool=pool) as film:
        assert list(film)
    assert list(film.shots) == [4, 8, 12]
