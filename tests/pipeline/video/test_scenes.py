"""Cuts are found where they are, to the frame, in one pass with sampling; what moves inside a shot is no cut."""

import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.limits import Limits
from pipeline.video.probe import probe
from pipeline.video.sampling import MOORED

WIDTH, HEIGHT, FPS = 320, 180, 25
SHOTS = [3.0, 2.52, 4.2, 2.2, 6.04, 3.28, 5.0, 2.88]
"""seconds"""
FAR = [(200, 60, 50), (40, 120, 200), (230, 220, 80), (30, 30, 30), (90, 180, 90), (240, 240, 240), (120, 60, 160), (10, 60, 20)]
NEAR = [
    (120, 120, 120),
    (128, 120, 120),
    (128, 130, 120),
    (120, 120, 132),
    (130, 120, 120),
    (118, 124, 118),
    (128, 128, 128),
    (120, 120, 120),
]


def cut_frames() -> list[int]:
    return [round(sum(SHOTS[: i + 1]) * FPS) for i in range(len(SHOTS))]


def pictures(colours: list[tuple[int, int, int]], grain: int) -> bytes:
    """Shots of plain backgrounds; a disc and a square of other colours cross each of them."""
    rng, frames, edges = np.random.default_rng(7), [], cut_frames()
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    for number in range(edges[-1]):
        shot = next(i for i, edge in enumerate(edges) if number < edge)
        image = np.empty((HEIGHT, WIDTH, 3), np.int16)
        image[:] = colours[shot]
        at = (number * 5 + 40 * shot) % WIDTH
        image[(x - at) ** 2 + (y - 60) ** 2 < 900] = colours[(shot + 3) % 8]
        image[110:160, WIDTH - at - 25 : WIDTH - at + 25] = (220, 40, 40)
        if grain:
            image += rng.integers(-grain, grain + 1, image.shape, np.int16)
        frames.append(image.clip(0, 255).astype(np.uint8).tobytes())
    return b"".join(frames)


ENCODINGS = {
    "scenecut": ["-c:v", "libx264", "-preset", "veryfast"],
    "blind_long": ["-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-g", "250", "-bf", "3"],
    "blind_short": ["-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-g", "30"],
    "hevc": [
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=none:keyint=60:scenecut=0:open-gop=1:bframes=4",
    ],
    "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
}


@pytest.fixture(
    scope="module", params=[(kind, colours) for kind in ENCODINGS for colours in ("far", "near")], ids=lambda p: "-".join(p)
)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    kind, colours = request.param
    path = tmp_path_factory.mktemp("cuts") / f"{kind}.mkv"
    command = [
        tools.FFMPEG,
        "-v",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{WIDTH}x{HEIGHT}",
        "-r",
        str(FPS),
        "-i",
        "-",
    ]
    data = pictures(FAR, 0) if colours == "far" else pictures(NEAR, 2)
    subprocess.run([*command, *ENCODINGS[kind], "-pix_fmt", "yuv420p", str(path)], input=data, check=True)
    return path


def read(path: Path, pool: WorkerPool, *, reader: str = "", **options: Any) -> tuple[list[Any], Any]:
    info = probe(path, pool=pool)
    object.__setattr__(info, "reader", reader or info.reader)
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform:count=8")
    with open_film(info, rule=rule, sampler=sampler, size=(96, 54), pool=pool, **options) as reading:
        return list(reading), reading


@pytest.mark.parametrize("reader", ["pyav", "opencv"])
def test_windows_begin_at_cuts(film: Path, pool: WorkerPool, reader: str) -> None:
    windows, reading = read(film, pool, reader=reader)
    edges = [0.0, *(number / FPS for number in cut_frames())]
    assert [window.start for window in windows] == pytest.approx(edges[:-1], abs=0.0011)
    assert [window.end for window in windows] == pytest.approx(edges[1:], abs=0.0011)
    assert list(reading.shots) == pytest.approx(edges[1:-1], abs=0.0011)
    for window in windows:
        assert len(window.frames) == 8
        share = (window.end - window.start) / 8
        for i, frame in enumerate(window.frames):
            assert window.start - 0.0011 <= frame.time < window.end
            assert abs(frame.time - (window.start + (i + 0.5) * share)) <= 0.125 * MOORED + 1 / FPS


def test_a_flash_is_no_cut(tmp_path: Path, pool: WorkerPool, tools: ModuleType) -> None:
    """Two white frames where a sample falls, and a real cut after them."""
    frames = np.frombuffer(pictures(FAR, 0), np.uint8).reshape(-1, HEIGHT, WIDTH, 3)[: cut_frames()[1]].copy()
    frames[50:52] = frames[50:52] // 4 + 190
    path = tmp_path / "flash.mkv"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
    command = [tools.FFMPEG, "-v", "error", *raw, *ENCODINGS["scenecut"], "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True)
    windows, reading = read(path, pool)
    assert list(reading.shots) == pytest.approx([cut_frames()[0] / FPS], abs=0.0011)
    assert [len(window.frames) for window in windows] == [8, 8]


def summary(windows: list[Any]) -> list[Any]:
    return [(w.start, w.end, [f.time for f in w.frames]) for w in windows]


def test_many_children_find_the_same(film: Path, pool: WorkerPool) -> None:
    whole, _ = read(film, pool)
    small = Limits(ring=1, threads=1)
    one, _ = read(film, pool, limits=small)
    assert [(w.start, w.end) for w in one] == [(w.start, w.end) for w in whole]
    many, _ = read(film, pool, workers=3, limits=small)
    assert summary(many) == summary(one)
    assert all(
        np.array_equal(f.image, g.image) for w, v in zip(one, many, strict=True) for f, g in zip(w.frames, v.frames, strict=True)
    )


def test_known_windows_have_no_frames(film: Path, pool: WorkerPool) -> None:
    all_windows, _ = read(film, pool)
    known = {(round(w.start, 3), round(w.end, 3)) for w in all_windows[::2]}
    again, _ = read(film, pool, known=known)
    assert [(w.start, w.end) for w in again] == [(w.start, w.end) for w in all_windows]
    assert [bool(w.frames) for w in again] == [i % 2 == 1 for i in range(len(again))]


SAMPLES = sorted(Path(__file__).parents[3].glob("samples/*.truth.json"))


@pytest.mark.parametrize("truth", SAMPLES, ids=lambda path: path.name.removesuffix(".truth.json"))
def test_samples(truth: Path, pool: WorkerPool) -> None:
    """The clips that come with the source: their scenes are written down."""
    path = next(
        other
        for other in truth.parent.iterdir()
        if other.stem == truth.name.removesuffix(".truth.json") and other.suffix != ".json"
    )
    scenes = json.loads(truth.read_text())["scenes"]
    windows, _ = read(path, pool)
    assert [w.start for w in windows] == pytest.approx([scene["start"] for scene in scenes], abs=0.01)
    assert [w.end for w in windows] == pytest.approx([scene["end"] for scene in scenes], abs=0.04)
