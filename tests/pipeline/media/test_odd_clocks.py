"""Films whose clock is told in odd ways: fragments that do not say when they begin, repeated fields, a picture every ten seconds."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline import caption
from pipeline.errors import OutputError
from pipeline.media import Encoding, burn, mux
from pipeline.types import Cue, Track

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.5, lines=("One",)),))
X264 = ("-c:v", "libx264", "-preset", "ultrafast")


def shown(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def pictures(seconds: float, rate: str) -> list[object]:
    return ["-f", "lavfi", "-i", f"testsrc2=s=160x120:d={seconds}:r={rate},format=yuv420p"]


def fragments_without_their_time(make: Make, folder: Path) -> Path:
    film = make(
        folder / "film.mp4", *pictures(3, "25"), *X264, "-g", 25, "-movflags", "frag_keyframe+empty_moov+default_base_moof"
    )
    data = film.read_bytes()
    assert data.count(b"tfdt") == 3
    film.write_bytes(data.replace(b"tfdt", b"free"))
    return film


def repeated_fields(make: Make, folder: Path) -> Path:
    """Film of 24 pictures a second as a DVD has it: told as 30, every second picture's first field shown again (2:3 pulldown)."""
    raw = make(folder / "film.m2v", *pictures(3, "24000/1001"), "-c:v", "mpeg2video", "-q:v", 4)
    data, at, first = bytearray(raw.read_bytes()), 0, 1
    for _ in range(data.count(b"\x00\x00\x01\xb3")):
        at = data.index(b"\x00\x00\x01\xb3", at) + 4
        data[at + 3] = data[at + 3] & 0xF0 | 4
    at = number = 0
    while (at := data.find(b"\x00\x00\x01\xb5", at) + 4) > 3:
        if data[at] >> 4 == 8:  # a picture coding extension
            again = number % 2 == 0
            data[at + 3] = data[at + 3] & 0x7D | first << 7 | again << 1
            data[at + 4] |= 0x80
            first, number = first ^ again, number + 1
        elif data[at] >> 4 == 1:
            data[at + 1] &= ~0x08
    raw.write_bytes(data)
    return make(folder / "film.mpg", "-fflags", "+genpts", "-f", "mpegvideo", "-i", raw, "-c", "copy")


def every_ten_seconds(make: Make, folder: Path) -> Path:
    return make(folder / "film.mp4", *pictures(120, "1/10"), *X264)


@pytest.mark.parametrize(
    ("made", "count", "seconds"),
    [(fragments_without_their_time, 75, 3.0), (repeated_fields, 72, 3.0), (every_ten_seconds, 12, 120.0)],
)
def test_the_clock_is_followed(
    made: Callable[[Make, Path], Path], count: int, seconds: float, make: Make, tmp_path: Path
) -> None:
    film = made(make, tmp_path)
    result = caption(film, engine="echo", output_dir=tmp_path / "out")
    assert result.notices == ()
    assert result.document.captions[0].start == 0
    assert result.document.captions[-1].end == pytest.approx(seconds, abs=0.08)
    assert {notice.code for notice in mux(film, [ONE], tmp_path / "soft.mkv")} == set()
    assert burn(film, ONE, tmp_path / "burned.mkv", encoding=QUICK) == ()
    copied, burned = shown(tmp_path / "soft.mkv"), shown(tmp_path / "burned.mkv")
    assert len(copied) == count
    step = seconds / count
    assert np.diff(copied) == pytest.approx(step, rel=0.27)
    assert copied[-1] - copied[0] == pytest.approx(seconds - step, abs=0.05)
    # a picture that stands while its text changes is drawn again
    assert [time for time in copied if min(abs(time - other) for other in burned) > 0.05] == []


def parts_of_a_recording(make: Make, folder: Path) -> Path:
    """The second file of ``-f segment``: its head's length counts from the beginning of the first."""
    make(folder / "part%d.mp4", *pictures(8, "25"), *X264, "-g", 25, "-f", "segment", "-segment_time", 4)
    return folder / "part1.mp4"


def entered_between_keyframes(make: Make, folder: Path) -> Path:
    """What ``-copyinkf`` cuts off: pictures without their keyframe stand before the first that can be decoded."""
    whole = make(folder / "whole.mkv", *pictures(9, "25"), *X264, "-g", 75, "-bf", 2, "-keyint_min", 75)
    return make(folder / "film.mp4", "-i", whole, "-ss", "4.2", "-c", "copy", "-copyinkf")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize(("made", "seconds"), [(parts_of_a_recording, 4.0), (entered_between_keyframes, 4.8)])
def test_a_film_that_begins_late_does_not_break_off(
    made: Callable[[Make, Path], Path], seconds: float, suffix: str, make: Make, tmp_path: Path
) -> None:
    film = made(make, tmp_path)
    notices = (*mux(film, [ONE], tmp_path / f"soft{suffix}"), *burn(film, ONE, tmp_path / f"burned{suffix}", encoding=QUICK))
    assert {notice.code for notice in notices} <= {"default_track"}
    for name in ("soft", "burned"):
        times = shown(tmp_path / f"{name}{suffix}")
        assert times[-1] == pytest.approx(seconds, abs=0.15)


@pytest.mark.parametrize("rate", [8000, 22050])
def test_the_priming_of_sound_makes_no_film_of_a_surveillance_camera_late(make: Make, tmp_path: Path, rate: int) -> None:
    sound = ("-f", "lavfi", "-i", f"sine=d=2:r={rate}")
    film = make(tmp_path / "film.mp4", *pictures(2, "25"), *sound, *X264, "-bf", 0, "-c:a", "aac")
    burn(film, ONE, tmp_path / "burned.mkv", encoding=QUICK)
    times = shown(tmp_path / "burned.mkv")
    with av.open(str(tmp_path / "burned.mkv")) as container:
        heard = min(float(packet.pts * packet.time_base) for packet in container.demux(audio=0) if packet.pts is not None)
    priming = 1024 / rate
    assert heard == pytest.approx(0, abs=0.01), "Matroska begins with it"
    assert np.array(times) == pytest.approx(np.arange(50) * 0.04 + priming, abs=0.003), "and so the picture comes that much later"


def test_a_clock_that_ran_over_is_followed_or_refused_with_the_cause(make: Make, tmp_path: Path) -> None:
    """ffmpeg writes 31 bits of milliseconds into FLV: after 24.8 days a stream begins at 0 again."""
    film = make(tmp_path / "film.flv", *pictures(2, "25"), *X264, "-bf", 0, "-g", 10, "-output_ts_offset", (1 << 31) / 1000 - 1)
    result = caption(film, engine="echo", output_dir=tmp_path / "out")
    assert result.document.captions[-1].end == pytest.approx(2, abs=0.1)
    late = Track(cues=(Cue(start=1.2, end=1.8, lines=("One",)),))
    told = burn(film, late, tmp_path / "burned.mkv", encoding=QUICK)
    assert "past_the_end" not in {one.code for one in told}
    assert shown(tmp_path / "burned.mkv")[-1] == pytest.approx(1.96, abs=0.1)
    for name in ("soft.mkv", "soft.mp4"):
        with pytest.raises(OutputError) as refused:
            mux(film, [late], tmp_path / name)
        assert refused.value.code == "clock_restarts"
