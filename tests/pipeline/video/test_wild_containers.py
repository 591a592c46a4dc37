"""One picture's time is wild, that of its decoding good or wild too: captions end with the film, in each container that tells both."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe

RED_AND_BLUE = "color=red:s=480x270:d=2:r=25[a];color=blue:s=480x270:d=2:r=25[b];[a][b]concat"
GAP = 30
WILD = 25
"""seconds, fewer than of the gap"""


@pytest.mark.parametrize("gap", [0, GAP])
@pytest.mark.parametrize("packet", [60, 92])
@pytest.mark.parametrize("suffix", ["flv", "mkv", "mp4"])
def test_captions_end_with_the_film(
    suffix: str, packet: int, gap: int, tools: ModuleType, tmp_path: Path, pool: WorkerPool
) -> None:
    kitchen = tools.Kitchen(tmp_path, tmp_path, tmp_path)
    picture = f"{RED_AND_BLUE},setpts='if(gte(N,50),PTS+{gap}/TB,PTS)',format=yuv420p"
    coding = ("-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast", "-bf", 2, "-g", 25)
    kitchen.ffmpeg("-f", "lavfi", "-i", picture, *coding, tmp_path / "good.mkv")
    wild = f"setts=pts='if(eq(N,{packet}),PTS+{WILD}/TB,PTS)'"
    kitchen.ffmpeg("-i", tmp_path / "good.mkv", "-c", "copy", "-bsf:v", wild, tmp_path / f"film.{suffix}")
    info = probe(tmp_path / f"film.{suffix}", pool=pool)
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform")
    with open_film(info, rule=rule, sampler=sampler, size=(64, 36), pool=pool) as film:
        windows = list(film)
        assert [notice.code for notice in film.notices] == ["timestamps_repaired"]
        assert film.shots == (pytest.approx(2 + gap, abs=0.1),)
    assert windows[-1].end == pytest.approx(4 + gap, abs=0.1)


def later(film: Path, packet: int, seconds: int) -> None:
    """Have a picture of an FLV or a program stream say that it is decoded and shown so much later."""
    data = bytearray(film.read_bytes())
    if film.suffix == ".flv":
        # a tag: kind, 24 bits of length, 24 bits of milliseconds, four more bytes; its length again behind it
        tags, at = [], 13
        while at < len(data):
            tags += [at] if data[at] == 9 else []
            at += 15 + int.from_bytes(data[at + 1 : at + 4], "big")
        place = tags[packet] + 4
        data[place : place + 3] = (int.from_bytes(data[place : place + 3], "big") + 1000 * seconds).to_bytes(3, "big")
    else:
        at = [found.start() for found in re.finditer(PES, data) if data[found.start() + 7] & 0x80][packet]
        for place in (at + 9, at + 14)[: 2 if data[at + 7] >> 6 == 3 else 1]:
            one, two, three, four, five = data[place : place + 5]
            ticks = ((one >> 1 & 7) << 30 | two << 22 | three >> 1 << 15 | four << 7 | five >> 1) + seconds * 90_000
            high, middle, low = ticks >> 30 & 7, ticks >> 15 & 0x7FFF, ticks & 0x7FFF
            data[place : place + 5] = one & 0xF1 | high << 1, middle >> 7, middle << 1 & 0xFF | 1, low >> 7, low << 1 & 0xFF | 1
    film.write_bytes(data)


PES = b"\0\0\1\xe0"
"""head of a packet of picture (ISO 13818-1 2.4.3.7)"""


@pytest.mark.parametrize("packet", [97, 100, 104, 192], ids=["before the gap", "first behind it", "behind it", "near the end"])
@pytest.mark.parametrize("gap", [0, GAP])
def test_both_times_of_a_program_stream_are_wild(
    gap: int, packet: int, tools: ModuleType, tmp_path: Path, pool: WorkerPool
) -> None:
    kitchen = tools.Kitchen(tmp_path, tmp_path, tmp_path)
    picture = f"testsrc2=s=352x288:d=8:r=25,setpts='if(gte(N,100),PTS+{gap}/TB,PTS)',format=yuv420p"
    coding = ("-fps_mode", "vfr", "-c:v", "mpeg2video", "-b:v", "2M", "-sc_threshold", 1_000_000_000, "-bf", 2, "-g", 12)
    kitchen.ffmpeg("-f", "lavfi", "-i", picture, *coding, "-f", "vob", tmp_path / "film.vob")
    later(tmp_path / "film.vob", packet, WILD)
    assert ended(tmp_path / "film.vob", pool) == pytest.approx(8 + gap, abs=0.15)


@pytest.mark.parametrize("packet", [97, 100, 190, 196])
def test_both_times_of_an_flv_are_wild(packet: int, tools: ModuleType, tmp_path: Path, pool: WorkerPool) -> None:
    kitchen = tools.Kitchen(tmp_path, tmp_path, tmp_path)
    picture = f"testsrc2=s=176x144:d=8:r=25,setpts='if(gte(N,100),PTS+{GAP}/TB,PTS)',format=yuv420p"
    coding = ("-fps_mode", "vfr", "-c:v", "flv", "-g", 25, "-q:v", 31)
    kitchen.ffmpeg("-f", "lavfi", "-i", picture, *coding, tmp_path / "film.flv")
    later(tmp_path / "film.flv", packet, WILD)
    assert ended(tmp_path / "film.flv", pool) == pytest.approx(8 + GAP, abs=0.15)


def ended(film: Path, pool: WorkerPool) -> float:
    """When the last window of a film ends, of which it is told that times were made."""
    rule, sampler = parse("windows", "fixed"), parse("samplers", "uniform")
    with open_film(probe(film, pool=pool), rule=rule, sampler=sampler, size=(64, 36), pool=pool) as opened:
        windows = list(opened)
        assert "timestamps_repaired" in {notice.code for notice in opened.notices}
    return windows[-1].end
