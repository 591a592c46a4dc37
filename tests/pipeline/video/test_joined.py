"""Films that were joined as they were: clocks that overlap, pictures that change their size, headers that are exchanged."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline.families import parse
from pipeline.types import VideoInfo, Window
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import Film, open_film
from pipeline.video.probe import probe

RED, BLUE = (0xC0, 0x30, 0x20), (0x20, 0x30, 0xC0)


def encode(tools: ModuleType, path: Path, colour: tuple[int, int, int], size: str, seconds: int, *coding: str) -> Path:
    """A film of one colour under grain, so that every frame has something to decode."""
    source = f"color=c=0x{bytes(colour).hex()}:s={size}:r=25:d={seconds},format=yuv420p,noise=alls=24:allf=t"
    words = ["-v", "error", "-y", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", *coding, str(path)]
    subprocess.run([tools.FFMPEG, *words], check=True)
    return path


def flv_tags(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(kind, milliseconds, body) of every tag (Adobe FLV 10.1, E.4.1)."""
    at = 13
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        time = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        yield data[at], time, data[at + 11 : at + 11 + size]
        at += 11 + size + 4


def join_flv(one: Path, other: Path, path: Path, milliseconds: int) -> None:
    """As a live recorder writes them whose sender starts anew: the other one's sequence header stands in the middle."""
    joined = bytearray(one.read_bytes()[:13])
    for source, late in ((one, 0), (other, milliseconds)):
        for kind, time, body in flv_tags(source.read_bytes()):
            if kind == 9 and (body[1] != 2 or late):  # pictures and headers, but not the end of the sequence
                when = time + late
                head = bytes([kind]) + len(body).to_bytes(3, "big") + (when & 0xFFFFFF).to_bytes(3, "big") + bytes([when >> 24])
                joined += head + bytes(3) + body + (11 + len(body)).to_bytes(4, "big")
    path.write_bytes(joined)


H264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "50")
HIGH, BASELINE = (*H264, "-profile:v", "high"), (*H264, "-profile:v", "baseline")


@pytest.fixture(scope="module", params=["flv", "ts", "264", "mpg"])
def resized(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    """4 s of red in 320x240, then 16 s of blue in 640x360; each container tells the new size in its own way."""
    folder, part = tmp_path_factory.mktemp("resized"), str(request.param)
    first, second = (HIGH, BASELINE) if part != "mpg" else ((("-c:v", "mpeg2video", "-g", "25", "-bf", "2"),) * 2)
    shift = ("-output_ts_offset", "4") if part in ("ts", "mpg") else ()
    one = encode(tools, folder / f"one.{part}", RED, "320x240", 4, *first)
    other = encode(tools, folder / f"other.{part}", BLUE, "640x360", 16, *second, *shift)
    path = folder / f"joined.{part}"
    if part == "flv":
        join_flv(one, other, path, 4100)
    else:
        path.write_bytes(one.read_bytes() + other.read_bytes())
    return path


def opened(info: VideoInfo, pool: WorkerPool, rule: str, sampler: str, workers: int = 1) -> Film:
    return open_film(
        info, rule=parse("windows", rule), sampler=parse("samplers", sampler), size=(64, 36), pool=pool, workers=workers
    )


def colours(windows: list[Window]) -> dict[float, tuple[int, ...]]:
    return {frame.time: tuple(frame.image.mean(axis=(0, 1)).astype(int)) for window in windows for frame in window.frames}


@pytest.mark.parametrize(
    ("rule", "sampler", "workers"),
    [
        ("fixed:seconds=4", "uniform:count=1", 1),
        ("fixed:seconds=4", "uniform:count=40", 2),
        ("fixed:seconds=4", "keyframes:count=2,fill=no", 1),
        ("scenes", "uniform:count=4", 2),
    ],
)
def test_pictures_that_change_their_size(resized: Path, pool: WorkerPool, rule: str, sampler: str, workers: int) -> None:
    """Wherever a decoder enters, it must know the header that is in force there."""
    with opened(probe(resized, pool=pool), pool, rule, sampler, workers) as film:
        windows = list(film)
    found = colours(windows)
    assert min(found) < 4 < 17 < max(found)
    for time, colour in found.items():
        if abs(time - 4) > 0.15:  # times at the joint are made up in MPEG-PS
            assert np.abs(np.array(colour) - (RED if time < 4 else BLUE)).max() < 30, f"{colour} at {time}"
    if resized.suffix == ".flv":  # the others have no times, or a packet is torn where they are joined, which libav says
        assert film.notices == ()


@pytest.mark.parametrize("rule", ["fixed", "scenes"])
def test_clocks_that_overlap(tmp_path: Path, tools: ModuleType, pool: WorkerPool, rule: str) -> None:
    """The second part begins 3 s before the first one ends: 75 frames would have to be held back to put them in order."""
    coding = (*HIGH[:-2], "-g", "150", "-f", "mpegts")
    one = encode(tools, tmp_path / "one.ts", RED, "320x240", 10, *coding)
    other = encode(tools, tmp_path / "other.ts", BLUE, "320x240", 10, *coding, "-output_ts_offset", "7.01")
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() + other.read_bytes())
    with opened(probe(path, pool=pool), pool, rule, "rate:fps=25") as film:
        windows = list(film)
    found = colours(windows)
    assert len(found) == 500
    assert max(found) == pytest.approx(19.96, abs=0.05)
    assert "timestamps_repaired" in {notice.code for notice in film.notices}
    for time, colour in found.items():
        assert np.abs(np.array(colour) - (RED if time < 9.99 else BLUE)).max() < 30, f"{colour} at {time}"
