"""A recording for a part of which nothing was received: what is drawn and copied keeps the gap, as its captions do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.errors import OutputError
from pipeline.families import parse
from pipeline.media import Encoding, burn, mux
from pipeline.media.sound import samples
from pipeline.types import Cue, Track
from pipeline.video.film import open_film
from pipeline.video.probe import probe

Make = Callable[..., Path]
QUICK = Encoding(preset="ultrafast", crf=10)
GAP = 30
"""seconds; ffmpeg closes those over 10"""


@pytest.fixture(scope="module", params=["h264.ts", "mpeg2.mpg"])
def recording(request: pytest.FixtureRequest, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 s, nothing for GAP seconds, 2 s more; with sound."""
    folder, name = tmp_path_factory.mktemp("gap"), request.param
    codec = ("libx264", "-preset", "ultrafast") if name.startswith("h264") else ("mpeg2video",)
    parts = b""
    for number in range(2):
        picture = f"color={('red', 'blue')[number]}:s=480x270:d=2:r=25,format=yuv420p"
        sources = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=d=2")
        more = ("-c:v", *codec, "-g", 25, "-c:a", "mp2", "-output_ts_offset", number * (2 + GAP))
        parts += make(folder / f"{number}{Path(name).suffix}", *sources, *more).read_bytes()
    (folder / name).write_bytes(parts)
    return folder / name


def drawn(path: Path) -> list[tuple[float, bool]]:
    """When each picture is shown, and whether there is white text in it."""
    with av.open(str(path)) as container:
        return [
            (float(frame.time or 0), bool((frame.to_ndarray(format="gray") > 150).any())) for frame in container.decode(video=0)
        ]


def second_begins(path: Path) -> float:
    """When the second part begins as its windows have it."""
    with open_film(probe(path), rule=parse("windows", "scenes"), sampler=parse("samplers", "uniform"), size=(64, 48)) as film:
        list(film)
        return film.shots[-1]


def test_text_behind_the_gap_comes_with_its_picture(recording: Path, tmp_path: Path) -> None:
    begins = second_begins(recording)
    assert begins == pytest.approx(2 + GAP, abs=1.0)
    track = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)), Cue(start=begins + 0.5, end=begins + 1.0, lines=("Two",))))
    assert not [one for one in burn(recording, track, tmp_path / "burned.mkv", encoding=QUICK) if one.code == "past_the_end"]
    pictures = drawn(tmp_path / "burned.mkv")
    assert pictures[-1][0] == pytest.approx(begins + 2, abs=0.5)
    with_text = [time for time, text in pictures if text]
    assert min(with_text) == pytest.approx(0.5, abs=0.1)
    assert max(with_text) == pytest.approx(begins + 1, abs=0.1)
    mux(recording, [track], tmp_path / "soft.mkv")
    assert drawn(tmp_path / "soft.mkv")[-1][0] == pytest.approx(begins + 2, abs=0.5)


def test_sound_behind_the_gap_is_heard_with_its_picture(recording: Path) -> None:
    heard = np.frombuffer(b"".join(samples(recording, rate=8000)), np.int16)
    assert len(heard) / 8000 == pytest.approx(4 + GAP, abs=1.0)
    assert abs(heard[8000 * 5 : 8000 * GAP]).max() < 50
    assert abs(heard[8000 * (3 + GAP) :]).max() > 500


def test_a_single_wild_time_is_no_gap(make: Make, tmp_path: Path) -> None:
    sources = (
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=160x120:d=4:r=25,format=yuv420p",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-bf",
        0,
    )
    film = make(tmp_path / "film.ts", *sources)
    data = bytearray(film.read_bytes())
    starts = [
        at
        for at in range(0, len(data), 188)
        if data[at + 1] & 0x40 and int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF == 0x100
    ]
    at = starts[50]
    head = data.index(b"\0\0\1", at + 4)
    for place in (head + 9, head + 14)[: 2 if data[head + 7] >> 6 == 3 else 1]:
        data[place] ^= 0x04  # a bit of its time is received wrongly: six hours and a half
    film.write_bytes(data)
    one = Track(cues=(Cue(start=3.0, end=3.5, lines=("One",)),))
    burn(film, one, tmp_path / "burned.mkv", encoding=QUICK)
    pictures = drawn(tmp_path / "burned.mkv")
    assert pictures[-1][0] == pytest.approx(3.96, abs=0.2)
    assert [time for time, text in pictures if text]
    with open_film(probe(film), rule=parse("windows", "fixed"), sampler=parse("samplers", "uniform"), size=(64, 48)) as reading:
        assert list(reading)[-1].end == pytest.approx(4, abs=0.05)
        assert "timestamps_repaired" in {one.code for one in reading.notices}


def later(film: Path, number: int, seconds: int, stream: int = 0x100) -> None:
    """Have a picture, or a packet of sound, of a transport stream of ffmpeg's say that it comes so many seconds later."""
    data = bytearray(film.read_bytes())
    packets = range(0, len(data), 188)
    starts = [at for at in packets if data[at + 1] & 0x40 and int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF == stream]
    head = data.index(b"\0\0\1", starts[number] + 4)
    for at in (head + 9, head + 14)[: 2 if data[head + 7] >> 6 == 3 else 1]:
        one, two, three, four, five = data[at : at + 5]
        ticks = ((one >> 1 & 7) << 30 | two << 22 | three >> 1 << 15 | four << 7 | five >> 1) + seconds * 90_000
        high, middle, low = ticks >> 30 & 7, ticks >> 15 & 0x7FFF, ticks & 0x7FFF
        data[at : at + 5] = one & 0xF1 | high << 1, middle >> 7, middle << 1 & 0xFF | 1, low >> 7, low << 1 & 0xFF | 1
    film.write_bytes(data)


@pytest.mark.parametrize("more", [("-bf", 0, "-c:a", "aac"), ("-bf", 2, "-c:a", "mp2")], ids=["in order", "with B-frames"])
@pytest.mark.parametrize("wild", [{50: 40}, {95: 11}, {20: 40, 60: 55}], ids=str)
def test_a_wild_time_behind_the_end_drags_nothing_after_it(
    make: Make, tmp_path: Path, more: tuple[object, ...], wild: dict[int, int]
) -> None:
    picture = "color=red:s=480x270:d=2:r=25[a];color=blue:s=480x270:d=2:r=25[b];[a][b]concat,format=yuv420p"
    sources = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=d=4", "-c:v", "libx264", "-preset", "ultrafast", *more)
    film = make(tmp_path / "film.ts", *sources)
    for number, seconds in wild.items():
        later(film, number, seconds)
    track = Track(cues=(Cue(start=3.0, end=3.5, lines=("One",)),))
    burn(film, track, tmp_path / "burned.mkv", encoding=QUICK)
    with_text = [time for time, text in drawn(tmp_path / "burned.mkv") if text]
    assert (min(with_text), max(with_text)) == (pytest.approx(3.0, abs=0.1), pytest.approx(3.5, abs=0.1))
    mux(film, [track], tmp_path / "soft.mkv")
    for out in ("burned.mkv", "soft.mkv"):
        assert drawn(tmp_path / out)[-1][0] == pytest.approx(3.96, abs=0.2), out


@pytest.mark.parametrize("recording", ["h264.ts"], indirect=True)
@pytest.mark.parametrize("number", [3, -3], ids=["before the gap", "behind it"])
@pytest.mark.parametrize("stream", [0x100, 0x101], ids=["of the picture", "of the sound"])
def test_a_gap_is_kept_where_a_wild_time_is_elsewhere(recording: Path, tmp_path: Path, number: int, stream: int) -> None:
    film = Path(shutil.copy(recording, tmp_path / "film.ts"))
    later(film, number, 3600, stream)
    soft = tmp_path / "soft.mkv"
    mux(film, [Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))], soft)
    times = [time for time, _ in drawn(soft)]
    assert times[49] == pytest.approx(1.96, abs=0.2)
    assert times[50] == pytest.approx(2 + GAP, abs=0.5)
    assert times[-1] == pytest.approx(4 + GAP, abs=0.5)


@pytest.mark.parametrize("recording", ["h264.ts"], indirect=True)
def test_a_wild_time_within_the_length_of_a_gap_is_refused_with_the_cause(recording: Path, tmp_path: Path) -> None:
    for seconds in (GAP - 5, 5 - GAP):
        film = Path(shutil.copy(recording, tmp_path / "film.ts"))
        later(film, 92, seconds)
        with pytest.raises(OutputError) as refused:
            mux(film, [Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))], tmp_path / "soft.mkv")
        assert refused.value.code == "clock_restarts"
        assert "are missing" in refused.value.message
        assert not (tmp_path / "soft.mkv").exists()


@pytest.mark.parametrize("recording", ["h264.ts"], indirect=True)
def test_captions_end_with_the_film_though_a_time_near_its_end_is_wild(recording: Path, tmp_path: Path) -> None:
    film = Path(shutil.copy(recording, tmp_path / "film.ts"))
    later(film, 92, 3600)
    with open_film(probe(film), rule=parse("windows", "fixed"), sampler=parse("samplers", "uniform"), size=(64, 48)) as reading:
        assert list(reading)[-1].end == pytest.approx(4 + GAP, abs=0.5)
        assert "timestamps_repaired" in {one.code for one in reading.notices}


@pytest.mark.parametrize("suffix", ["mkv", "flv"])
def test_a_wild_time_that_would_drag_the_text_is_refused_by_burn(suffix: str, make: Make, tmp_path: Path) -> None:
    """Of a picture whose time of decoding is good: ffmpeg draws all behind it late, and what it drew looks as if it were in time."""
    picture = "color=red:s=480x270:d=2:r=25[a];color=blue:s=480x270:d=2:r=25[b];[a][b]concat,format=yuv420p"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", 2, "-g", 25)
    good = make(tmp_path / f"good.{suffix}", "-f", "lavfi", "-i", picture, *coding)
    film = make(tmp_path / f"film.{suffix}", "-i", good, "-c", "copy", "-bsf:v", "setts=pts='if(eq(N,60),PTS+25/TB,PTS)'")
    track = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)), Cue(start=3.0, end=3.5, lines=("Two",))))
    with pytest.raises(OutputError, match="clock_restarts") as refused:
        burn(film, track, tmp_path / "burned.mkv", encoding=QUICK)
    assert "a time that can't be" in refused.value.message
    assert not (tmp_path / "burned.mkv").exists()
    burn(good, track, tmp_path / "burned.mkv", encoding=QUICK)
    mux(film, [track], tmp_path / "soft.mkv")
