"""A recording that begins in the middle of a group of pictures: described from its first whole picture on, at the times that these have."""

from pathlib import Path
from types import ModuleType

import av
import pytest

from pipeline.errors import InputError
from pipeline.families import parse
from pipeline.types import Notice, Window
from pipeline.video.children.pool import WorkerPool
from pipeline.video.decode.first_whole import FirstWhole
from pipeline.video.film import open_film
from pipeline.video.probe import probe

LAVFI = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=8", "-pix_fmt", "yuv420p")
CODECS = {
    "h264": ("-c:v", "libx264", "-x264-params", "keyint=50:min-keyint=50:bframes=2:scenecut=0"),
    "open": ("-c:v", "libx264", "-x264-params", "keyint=50:min-keyint=50:bframes=2:open-gop=1:scenecut=0"),
    "hevc": ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=50:min-keyint=50:bframes=2:scenecut=0"),
    "mpeg2": ("-c:v", "mpeg2video", "-g", "50", "-bf", "2", "-q:v", "4", "-sc_threshold", "1000000000"),
}
CUTS = ["h264.mkv", "h264.mp4", "h264.flv", "open.mp4", "hevc.mp4", "hevc.ts", "mpeg2.ts", "mpeg2.vob"]
WHOLE = ["h264.ts", "open.ts", "hevc.ts", "mpeg2.ts"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    place = tmp_path_factory.mktemp("mid")
    kitchen = tools.Kitchen(place, place, place)
    for name, coding in CODECS.items():
        kitchen.ffmpeg(*LAVFI, *coding, place / f"{name}.ts")
    kitchen.ffmpeg("-i", place / "mpeg2.ts", "-c", "copy", place / "mpeg2.vob")
    for name in CUTS:
        codec, suffix = name.split(".")
        cut = place / f"cut_{name}"
        if suffix in ("ts", "vob"):
            data = (place / name).read_bytes()
            cut.write_bytes(data[len(data) // 9 + 77 :])
        else:
            kitchen.ffmpeg("-ss", "1.1", "-i", place / f"{codec}.ts", "-c", "copy", "-copyinkf", cut)
    return place


def read(path: Path, pool: WorkerPool) -> tuple[list[Window], tuple[Notice, ...], float]:
    info = probe(path, pool=pool)
    rule, sampler = parse("windows", "fixed:seconds=2"), parse("samplers", "uniform:count=4")
    with open_film(info, rule=rule, sampler=sampler, size=(64, 36), pool=pool) as film:
        return list(film), film.notices, info.start


def first_shown(path: Path) -> float:
    """When a decoder gives its first picture, in seconds of the file's clock: libav as it is."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert frame.time is not None
        return frame.time


@pytest.mark.parametrize("name", CUTS)
def test_captions_begin_where_there_are_pictures_and_it_is_told(name: str, folder: Path, pool: WorkerPool) -> None:
    path = folder / f"cut_{name}"
    windows, notices, start = read(path, pool)
    wanted = first_shown(path) - start
    assert wanted > 0.5, "nothing can be seen before"
    assert windows[0].start == pytest.approx(
        wanted, abs=0.1
    )  # two pictures that lead in may be shown by one and not by the other
    assert [len(window.frames) for window in windows[:-1]] == [4] * (len(windows) - 1)
    (told,) = [notice for notice in notices if notice.code == "partial"]
    assert "begins in the middle of a group of pictures" in told.message
    assert (told.start, told.end) == (pytest.approx(0.0, abs=0.1), pytest.approx(windows[0].start))


@pytest.mark.parametrize("name", WHOLE)
def test_a_film_that_begins_with_a_whole_picture_begins_there(name: str, folder: Path, pool: WorkerPool) -> None:
    windows, notices, _ = read(folder / name, pool)
    assert (windows[0].start, windows[-1].end, notices) == (0.0, 8.0, ())


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_picture_is_seen_without_a_flag(name: str, folder: Path) -> None:
    """Of containers that flag no picture, or the wrong ones."""

    class Unflagged(bytes):
        is_keyframe = False

    with av.open(str(folder / name)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        for at in (0, 3):
            first = FirstWhole(stream.codec_context.name, bytes(stream.codec_context.extradata or b""))
            for packet in packets[at:]:
                first(Unflagged(bytes(packet)))
            keys = [number for number, packet in enumerate(packets[at:]) if packet.is_keyframe]
            assert first.before == keys[0]


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("film.ts", ("-c:v", "libx264", "-g", "200", "-keyint_min", "200", "-x264-params", "scenecut=0")),
        ("film.mpg", ("-c:v", "mpeg2video", "-g", "200", "-sc_threshold", "1000000000")),
    ],
)
def test_the_size_of_the_pictures_may_be_told_late(
    name: str, coding: tuple[str, ...], tmp_path: Path, tools: ModuleType, pool: WorkerPool
) -> None:
    """In the next group, behind more packets than the probe looked at: its reader was said to have died twice."""
    film, cut, rest = tmp_path / name, tmp_path / f"cut_{name}", tmp_path / f"rest_{name}"
    tools.Kitchen(tmp_path, tmp_path, tmp_path).ffmpeg(*LAVFI, *coding, "-r", "50", film)
    data = film.read_bytes()
    unit = 188 if film.suffix == ".ts" else 2048
    begin = (len(data) // 20 // unit + 1) * unit
    cut.write_bytes(data[begin:])
    info = probe(cut, pool=pool)
    assert (info.width, info.height) == (160, 90)
    windows, notices, _ = read(cut, pool)
    assert windows[0].start == pytest.approx(first_shown(cut) - info.start, abs=0.1)
    assert [notice.code for notice in notices] == ["partial"]
    if film.suffix == ".mpg":  # a piece in which libav sees no picture at all
        return
    rest.write_bytes(data[begin : len(data) // 5 * 2 // unit * unit])
    with pytest.raises(InputError, match="size of its pictures") as caught:
        probe(rest, pool=pool)
    assert caught.value.code == "no_decodable_frames"
