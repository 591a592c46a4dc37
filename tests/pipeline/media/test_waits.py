"""A film that waits for what is said (``speak --extended``): chapters wait with it, and what can't wait is told."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from pipeline.media.spoken import spoken
from pipeline.types import Notice

Make = Callable[..., Path]
RATE = 16_000
WAITS = [(2.0, 1.5), (3.0, 0.5)]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4,format=yuv420p", "-f", "lavfi", "-i", "sine=d=4:r=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac")
CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n"
    for start, end, title in [(0, 1000, "One"), (1000, 2000, "Two = 2"), (2000, 3500, "Three"), (3500, 4000, "Four")]
)


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.pcm"
    path.write_bytes(bytes(2 * RATE * 6))
    return path


def left_out(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.message for notice in notices if notice.code == "stream_left_out"]


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        found = sorted(float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.pts is not None)
    return [time - found[0] for time in found]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_chapters_begin_when_what_they_name_is_shown(suffix: str, make: Make, voice: Path, tmp_path: Path) -> None:
    listed = tmp_path / "listed.ffmeta"
    listed.write_text(CHAPTERS, encoding="utf-8")
    film = make(tmp_path / "film.mkv", *PICTURE, "-i", listed, "-map_chapters", 2, *H264)
    out = tmp_path / f"out{suffix}"
    spoken(film, voice, RATE, out, language="en", waits=WAITS)
    with av.open(str(out)) as container:
        found = [(one["metadata"]["title"], float(one["start"] * one["time_base"])) for one in container.chapters()]
    assert [title for title, _ in found] == ["One", "Two = 2", "Three", "Four"]
    assert [start for _, start in found] == pytest.approx([0.0, 1.0, 3.5, 5.5], abs=0.05)


def test_a_film_without_chapters_gets_none(make: Make, voice: Path, tmp_path: Path) -> None:
    film, out = make(tmp_path / "film.mp4", *PICTURE, *H264), tmp_path / "out.mp4"
    assert spoken(film, voice, RATE, out, language="en", waits=WAITS) == ()
    with av.open(str(out)) as container:
        assert not container.chapters()


def test_other_pictures_and_data_that_can_not_wait_are_told(make: Make, voice: Path, tmp_path: Path) -> None:
    two = ("-f", "lavfi", "-i", "testsrc=s=80x60:r=25:d=4,format=yuv420p")
    streams = ("-map", 0, "-map", 1, "-map", 1, "-map", 2)
    film, out = make(tmp_path / "film.mkv", *PICTURE, *two, *streams, *H264), tmp_path / "out.mkv"
    told = left_out(spoken(film, voice, RATE, out, language="en", waits=WAITS))
    assert len(told) == 2
    assert "video stream" in told[0]
    assert "sound track" in told[1]
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_the_half_picture_of_a_broadcast_is_left_out_where_it_waits_too(make: Make, voice: Path, tmp_path: Path) -> None:
    """Two filters of packets, one after the other: what leaves out the half picture, and what moves the others."""
    whole = make(tmp_path / "whole.ts", *PICTURE, *H264, "-bf", 0).read_bytes()
    film, out = tmp_path / "film.ts", tmp_path / "out.mkv"
    film.write_bytes(whole[: len(whole) * 7 // 10 // 188 * 188])
    waits = [(1.0, 1.5)]
    spoken(film, voice, RATE, tmp_path / "still.mkv", language="en")
    spoken(film, voice, RATE, out, language="en", waits=waits)
    before, after = times(tmp_path / "still.mkv"), times(out)
    assert after == pytest.approx([time + (1.5 if time >= 0.999 else 0.0) for time in before], abs=0.01)
