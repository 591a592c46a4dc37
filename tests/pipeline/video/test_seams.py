"""Joined parts are no damage; losses are, and so is a last picture that nobody reads."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.families import parse
from pipeline.video.decode.seams import Seams
from pipeline.video.film import open_film
from pipeline.video.probe import probe


@dataclass
class Packet:
    is_keyframe: bool = False
    is_corrupt: bool = False


def holes(packets: list[tuple[Packet, float]]) -> list[float]:
    seams, found = Seams(25), list[float]()
    for number, (packet, time) in enumerate(packets):
        found += seams.holes(number, packet, time, time)
    return [*found, *seams.rest()]


BROKEN = Packet(is_corrupt=True)
KEY = Packet(is_keyframe=True)


def test_a_counter_that_breaks_before_a_part_is_a_seam() -> None:
    assert holes([(KEY, 0.0), (BROKEN, 0.04), (KEY, 0.08)]) == []
    assert holes([(KEY, 0.0), (BROKEN, 0.04), (Packet(), 0.08), (KEY, 0.0)]) == [], "times go back"
    assert holes([(KEY, 0.0), (BROKEN, 0.04), (Packet(), 0.08), (Packet(), 0.12)]) == [0.04], "in the middle of a group"
    assert holes([(KEY, 0.0), (BROKEN, 0.04), (KEY, 2.0)]) == [0.04], "two seconds are missing"
    assert holes([(KEY, 0.0), (BROKEN, 0.04)]) == [0.04], "nothing comes after it"
    assert holes([(KEY, 0.0), (Packet(is_keyframe=True, is_corrupt=True), 0.04), (Packet(), 0.08), (Packet(), 0.12)]) == [0.04]


def made(tools: ModuleType, path: Path, *options: str) -> Path:
    source = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30:d=4,format=yuv420p"]
    subprocess.run([tools.FFMPEG, "-v", "error", "-y", *source, *options, str(path)], check=True)
    return path


def codes(film: Path) -> list[str]:
    with open_film(probe(film), rule=parse("windows", "fixed"), sampler=parse("samplers", "uniform"), size=(64, 48)) as reading:
        assert sum(1 for _ in reading) > 0
    return [notice.code for notice in reading.notices]


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30")


def test_joined_parts_are_whole(tools: ModuleType, tmp_path: Path) -> None:
    part = made(tools, tmp_path / "part.ts", *H264)
    (tmp_path / "joined.ts").write_bytes(2 * part.read_bytes())
    assert codes(tmp_path / "joined.ts") == ["timestamps_repaired"], "both begin at the same time"
    segments = ("-f", "segment", "-segment_time", "1", "-segment_format", "mpegts")
    made(tools, tmp_path / "segment%d.ts", *H264, *segments)
    pieces = sorted(tmp_path.glob("segment?.ts"))
    assert len(pieces) >= 3
    (tmp_path / "segments.ts").write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    assert codes(tmp_path / "segments.ts") == []


def test_a_loss_is_still_told(tools: ModuleType, tmp_path: Path) -> None:
    data = made(tools, tmp_path / "film.ts", *H264).read_bytes()
    middle = len(data) // 188 // 2
    (tmp_path / "lossy.ts").write_bytes(data[: middle * 188] + data[(middle + 20) * 188 :])
    assert "partial" in codes(tmp_path / "lossy.ts")


@pytest.mark.parametrize("seconds", [1, 2, 4])
@pytest.mark.parametrize("suffix", ["vob", "mpg"])
def test_a_program_stream_is_read_to_its_last_picture(suffix: str, seconds: int, tools: ModuleType, tmp_path: Path) -> None:
    film = made(tools, tmp_path / f"film.{suffix}", "-c:v", "mpeg2video", "-bf", "2", "-t", str(seconds))
    assert codes(film) == []


VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "25")


@pytest.mark.parametrize(
    ("name", "options"), [("x.webm", ("-live", "1")), ("y.webm", ("-cluster_time_limit", "500")), ("z.mkv", ())]
)
def test_a_file_that_breaks_off_in_a_picture_tells_it_though_no_head_tells_its_length(
    name: str, options: tuple[str, ...], tools: ModuleType, tmp_path: Path
) -> None:
    film = made(tools, tmp_path / name, *VP8, *options)
    assert codes(film) == []
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 6 // 10])
    assert codes(film) == ["partial"]


def test_a_film_may_have_a_hundred_subtitles(tools: ModuleType, tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nWords\n")
    film = tmp_path / "film.mkv"
    texts = [option for _ in range(100) for option in ("-map", "1")]
    tools.Kitchen(tmp_path, tmp_path, tmp_path).ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=s=64x48:d=1:r=5", "-i", words, "-map", "0", *texts, "-c:v", "ffv1", "-c:s", "srt", film)
    )
    assert codes(film) == []
