"""Which of several video streams is described: the one that a player shows."""

from pathlib import Path
from types import ModuleType

import pytest

from pipeline.errors import InputError
from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.decode.streams import ATTACHED, DEFAULT, DEPENDENT, STILL, THUMBNAILS, Candidate, film_among
from pipeline.video.film import open_film
from pipeline.video.probe import probe


def film(**more: int) -> Candidate:
    return Candidate(codec="h264", **more)


def picture(**more: int) -> Candidate:
    return Candidate(codec="mjpeg", **more)


@pytest.mark.parametrize(
    ("streams", "place"),
    [
        ([film()], 0),
        ([picture(frames=1)], 0),
        ([picture(frames=1, disposition=DEFAULT), film(frames=250)], 1),
        ([picture(seen=1, disposition=DEFAULT), film(seen=200)], 1),
        ([picture(seen=200), film(seen=200)], 0),
        ([picture(seen=200), film(seen=200, disposition=DEFAULT)], 1),
        ([film(seen=1, disposition=DEFAULT), film(seen=399)], 0),  # a slide that stands
        ([film(), film(disposition=DEFAULT)], 1),
        ([film(disposition=DEFAULT), film(disposition=DEFAULT)], 0),
        ([film(disposition=STILL | DEFAULT), film()], 1),
        ([film(disposition=DEPENDENT), film()], 1),
        ([film(disposition=ATTACHED), film(disposition=THUMBNAILS), film()], 2),
        ([Candidate(codec="", decodes=False, disposition=DEFAULT), film()], 1),
    ],
)
def test_the_film_is_what_a_player_shows(streams: list[Candidate], place: int) -> None:
    assert film_among(streams) == place


def test_no_film() -> None:
    for streams, code in (
        ([], "no_video_stream"),
        ([picture(disposition=ATTACHED)], "no_video_stream"),
        ([Candidate(codec="", decodes=False)], "no_decoder"),
    ):
        with pytest.raises(InputError) as caught:
            film_among(streams)
        assert caught.value.code == code


ONE = ("-f", "lavfi", "-i", "color=red:s=320x180:r=25:d=0.04")
RED, GREEN = ("-f", "lavfi", "-i", "color=red:s=320x180:r=25:d=3"), ("-f", "lavfi", "-i", "color=green:s=320x180:r=25:d=3")
BOTH = ("-map", "0:v", "-map", "1:v", "-pix_fmt", "yuv420p")
STILL_FIRST = ("-c:v:0", "mjpeg", "-c:v:1", "libx264", "-g", "25")
FILMS = ("-c:v", "libx264", "-g", "25")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("still.mkv", (*STILL_FIRST, "-disposition:v:0", "0", "-disposition:v:1", "default")),
        ("still_default.mkv", (*STILL_FIRST, "-disposition:v:0", "default", "-disposition:v:1", "0")),
        ("still.mp4", STILL_FIRST),
        ("still.mov", (*STILL_FIRST, "-disposition:v:0", "default", "-disposition:v:1", "0")),
        ("two.mkv", (*FILMS, "-disposition:v:0", "0", "-disposition:v:1", "default")),
        ("two.mp4", (*FILMS, "-disposition:v:0", "0", "-disposition:v:1", "default")),
        ("motion_jpeg.mkv", ("-c:v:0", "mjpeg", "-c:v:1", "libx264", "-disposition:v:0", "0", "-disposition:v:1", "default")),
        ("vp9.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-disposition:v:0", "0", "-disposition:v:1", "default")),
    ],
)
@pytest.mark.parametrize("rule", ["fixed:seconds=2", "scenes:min=1,max=2"])
def test_the_second_stream(
    name: str, options: tuple[str, ...], rule: str, tmp_path: Path, pool: WorkerPool, tools: ModuleType
) -> None:
    path = tmp_path / name
    tools.Kitchen(tmp_path, path, path).ffmpeg(*(ONE if "still" in name else RED), *GREEN, *BOTH, *options, path)
    info = probe(path, pool=pool)
    assert (info.stream, info.videos) == (1, 2)
    with open_film(info, rule=parse("windows", rule), sampler=parse("samplers", "uniform"), size=(96, 54), pool=pool) as opened:
        windows = list(opened)
    assert windows[-1].end == pytest.approx(3, abs=0.05)
    for window in windows:
        for red, green, _ in (frame.image.mean(axis=(0, 1)) for frame in window.frames):
            assert green > 100
            assert red < 50
