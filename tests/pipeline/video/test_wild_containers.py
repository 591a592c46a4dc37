"""One picture's time is wild, the time of its decoding good, in each container that tells both: captions end with the film."""

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
