"""Pictures that are stored and never shown take no time: times are the player's, and nothing is called lost or repaired."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.decode.unshown import Unshown, av1_is_shown, vp8_is_shown, vp9_is_shown
from pipeline.video.film import open_film
from pipeline.video.probe import probe

LAVFI = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=8", "-pix_fmt", "yuv420p")
ALT_REF = ("-b:v", "200k", "-auto-alt-ref", "1", "-lag-in-frames", "25", "-cpu-used", "5")
OPEN = {
    "hevc": ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=50:min-keyint=50:bframes=4:open-gop=1:scenecut=0"),
    "h264": ("-c:v", "libx264", "-x264-params", "keyint=50:min-keyint=50:bframes=3:open-gop=1:scenecut=0"),
}


def alternative(kitchen: ModuleType, path: Path, codec: str, gop: int) -> None:
    """Two passes, as alternative reference frames want it."""
    log = path.with_suffix("")
    for number in (1, 2):
        coding = ("-c:v", codec, "-g", gop, *ALT_REF, "-pass", number, "-passlogfile", log)
        kitchen.ffmpeg(*LAVFI, *coding, *(("-f", "null", "-") if number == 1 else (path,)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    place = tmp_path_factory.mktemp("unshown")
    kitchen = tools.Kitchen(place, place, place)
    alternative(kitchen, place / "vp8.webm", "libvpx", 100)
    alternative(kitchen, place / "vp8_one_group.webm", "libvpx", 9999)
    alternative(kitchen, place / "vp9.webm", "libvpx-vp9", 100)
    for name in ("vp8.mkv", "vp8.ivf"):
        kitchen.ffmpeg("-i", place / "vp8.webm", "-c", "copy", place / name)
    for name in ("vp9_split.webm", "vp9_split.ivf"):
        kitchen.ffmpeg("-i", place / "vp9.webm", "-c", "copy", "-bsf:v", "vp9_superframe_split", place / name)
    for codec, coding in OPEN.items():
        for source, suffixes in (("mkv", ("mkv", "mp4")), ("ts", ("ts",))):
            kitchen.ffmpeg(*LAVFI, *coding, place / f"{codec}.{source}")
            for suffix in suffixes:
                kitchen.ffmpeg("-ss", 4.1, "-i", place / f"{codec}.{source}", "-c", "copy", place / f"{codec}_cut.{suffix}")
    return place


FILMS = ["vp8.webm", "vp8_one_group.webm", "vp8.mkv", "vp9.webm", "vp9_split.webm"]
FILMS += [f"{codec}_cut.{suffix}" for codec in OPEN for suffix in ("mkv", "ts", "mp4")]


@pytest.mark.parametrize("name", FILMS)
def test_times_are_the_players(name: str, folder: Path, pool: WorkerPool) -> None:
    with av.open(str(folder / name)) as container:
        stream = container.streams.video[0]
        start = Fraction(container.start_time or 0, av.time_base)
        shown = []
        for packet in container.demux(stream):
            with suppress(av.error.InvalidDataError):  # what leads in without what it is built on
                shown += [float(frame.pts * stream.time_base - start) for frame in packet.decode()]
    info = probe(folder / name, pool=pool)
    rule, sampler = parse("windows", "fixed:seconds=1"), parse("samplers", "rate:fps=25")
    with open_film(info, rule=rule, sampler=sampler, size=(96, 54), pool=pool) as film:
        times = [float(time) for window in film for time in window.frames.times]
    assert film.notices == ()
    assert film.end == pytest.approx(shown[-1] + 0.04, abs=0.01)
    assert times == pytest.approx(shown, abs=0.002)


@pytest.mark.parametrize("name", ["vp8.ivf", "vp9_split.ivf"])
def test_pictures_that_count_in_their_container(name: str, folder: Path, pool: WorkerPool) -> None:
    """IVF gives times to what is not shown too; then the frame before stands longer, and nothing is lost."""
    rule, sampler = parse("windows", "fixed:seconds=1"), parse("samplers", "rate:fps=25")
    with open_film(probe(folder / name, pool=pool), rule=rule, sampler=sampler, size=(96, 54), pool=pool) as film:
        assert sum(len(window.frames) for window in film) > 180
    assert film.notices == ()


def test_there_are_pictures_that_are_not_shown(folder: Path) -> None:
    """Else the films above prove nothing."""
    for name, checks in (("vp8.webm", vp8_is_shown), ("vp9_split.ivf", vp9_is_shown)):
        with av.open(str(folder / name)) as container:
            found = [checks(memoryview(packet)) for packet in container.demux(video=0) if packet.size]
        assert found.count(True) == 200
        assert name != "vp8.webm" or found.count(False) > 0


def test_headers() -> None:
    assert not vp8_is_shown(memoryview(b"\x01"))
    assert vp8_is_shown(memoryview(b"\x11"))
    key, shown, unshown, again = b"\x82", b"\x86", b"\x84", b"\x88"
    assert [vp9_is_shown(memoryview(one)) for one in (key, shown, unshown, again)] == [True, True, False, True]
    both = unshown + shown + bytes([0xC1, 1, 1, 0xC1])
    assert vp9_is_shown(memoryview(both))
    assert not vp9_is_shown(memoryview(unshown * 2 + bytes([0xC1, 1, 1, 0xC1])))
    delimiter, hidden, seen, named = b"\x12\x00", b"\x32\x01\x20", b"\x32\x01\x30", b"\x1a\x01\x80"
    assert not av1_is_shown(memoryview(delimiter + hidden))
    assert av1_is_shown(memoryview(delimiter + hidden + seen))
    assert av1_is_shown(memoryview(delimiter + named))
    assert av1_is_shown(memoryview(b"\x0a\x01\x08" + hidden)), "a still picture's header has no such bit"
    assert av1_is_shown(memoryview(delimiter)), "no frame in it: the decoder decides"


class Stored(bytes):
    """A packet."""

    pts: int | None = 0
    is_keyframe = True


@given(st.sampled_from(["vp8", "vp9", "av1", "hevc", "h264", "mpeg4"]), st.lists(st.binary(max_size=60), min_size=1), st.data())
@settings(deadline=None)
def test_rubbish_is_answered(codec: str, packets: list[bytes], data: st.DataObject) -> None:
    unshown = Unshown(codec, data.draw(st.binary(max_size=40)))
    for number, packet in enumerate(packets):
        stored = Stored(packet)
        stored.pts, stored.is_keyframe = data.draw(st.none() | st.integers()), number == 0 or data.draw(st.booleans())
        assert unshown(stored) in (True, False)
