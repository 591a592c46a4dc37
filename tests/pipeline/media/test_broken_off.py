"""Films that hold less than their head says: recordings that nobody ended, downloads that broke off; and raw streams, without a head."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from pipeline.media import Encoding, burn, mux
from pipeline.media.half_picture import half_picture
from pipeline.types import Cue, Track
from pipeline.video.probe import probe

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
TWO = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)), Cue(start=4.5, end=5.5, lines=("Late",))))
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=320x240:d=6:r=25,format=yuv420p", "-c:v", "libx264", "-g", 25, "-preset", "ultrafast")
SOUND = ("-f", "lavfi", "-i", "sine=d=6", "-c:a", "aac")
KINDS = {
    "no cues": ("film.mkv", "-reserve_index_space", 0),
    "fragments": ("film.mp4", "-movflags", "+frag_keyframe+empty_moov"),
    "recorder": ("film.flv",),
}


def decoded(path: Path) -> tuple[float, int]:
    """When the last picture is shown, and how many there are; raises where one can't be decoded."""
    with av.open(str(path)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    return times[-1], len(times)


@pytest.mark.parametrize(("kind", "suffix"), [("no cues", ".mkv"), ("fragments", ".mp4"), ("recorder", ".mkv")])
def test_what_is_there_is_written_with_a_warning(kind: str, suffix: str, make: Make, tmp_path: Path) -> None:
    name, *options = KINDS[kind]
    film = make(tmp_path / str(name), *PICTURE[:4], *SOUND[:4], *PICTURE[4:], *SOUND[4:], *options)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 6 // 10])
    for out, told in (
        (tmp_path / f"soft{suffix}", mux(film, [TWO], tmp_path / f"soft{suffix}")),
        (tmp_path / f"burned{suffix}", burn(film, TWO, tmp_path / f"burned{suffix}", encoding=QUICK)),
    ):
        assert "partial" in {notice.code for notice in told}, out.name
        end, frames = decoded(out)
        assert 2.5 < end < 4.5
        assert frames == pytest.approx(end * 25 + 1, abs=2)
        with av.open(str(out)) as container:
            assert container.duration / 1e6 == pytest.approx(end, abs=0.2), "the late cue makes it no longer"


def test_a_recording_whose_head_tells_no_length_ends_with_its_pictures(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.m2v", *PICTURE[:4], "-c:v", "mpeg2video")
    late = Track(cues=(*TWO.cues, Cue(start=30, end=40, lines=("Much later",))))
    assert {notice.code for notice in mux(film, [late], tmp_path / "soft.mkv")} == {"past_the_end"}
    with av.open(str(tmp_path / "soft.mkv")) as container:
        assert container.duration / 1e6 == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize(
    ("name", "rate", "codec"),
    [
        ("film.h264", 30, ("libx264",)),
        ("film.hevc", 24, ("libx265", "-x265-params", "log-level=none")),
        ("film.m2v", 30, ("mpeg2video",)),
    ],
)
def test_a_raw_stream_has_the_rate_that_its_codec_tells(
    name: str, rate: int, codec: tuple[str, ...], make: Make, tmp_path: Path
) -> None:
    film = make(tmp_path / name, "-f", "lavfi", "-i", f"testsrc=s=160x120:d=2:r={rate},format=yuv420p", "-c:v", *codec)
    assert probe(film).fps == rate
    burn(film, Track(cues=TWO.cues[:1]), tmp_path / "burned.mkv", encoding=QUICK)
    with av.open(str(tmp_path / "burned.mkv")) as container:
        assert container.duration / 1e6 == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("codec", [("libx264", "-bf", 2), ("mpeg2video", "-bf", 2)])
def test_the_half_picture_in_which_a_broadcast_breaks_off_is_left_out(
    codec: tuple[object, ...], make: Make, tmp_path: Path
) -> None:
    film = make(tmp_path / "film.ts", *PICTURE[:4], *SOUND[:4], "-c:v", *codec, "-preset", "ultrafast", "-b:v", "2M", *SOUND[4:])
    assert "partial" not in {notice.code for notice in mux(film, [TWO], tmp_path / "whole.mkv")}
    data, whole = film.read_bytes(), half_picture(film)
    assert whole is None
    end = next(end for end in range(len(data) * 6 // 10 // 188 * 188, 0, -188) if half_picture_of(film, data[:end]) is not None)
    begins = half_picture_of(film, data[:end])
    assert begins is not None
    assert begins < end - 188, "a picture of several packets"
    for suffix in (".mkv", ".mp4"):
        told = mux(film, [TWO], tmp_path / f"soft{suffix}")
        assert [notice.message for notice in told if notice.code == "partial"] == [
            "the file breaks off in the middle of its last picture, which is left out"
        ]
    _, half = decoded(film)
    assert decoded(tmp_path / "soft.mkv")[1] in (half - 1, half - 2), "the picture, and no other"


def half_picture_of(film: Path, data: bytes) -> int | None:
    film.write_bytes(data)
    return half_picture(film)


def test_packets_of_a_camera_and_what_is_no_transport_stream(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.m2ts", *PICTURE[:4], "-c:v", "mpeg2video", "-b:v", "2M")
    data = film.read_bytes()
    assert half_picture(film) is None
    assert any(half_picture_of(film, data[: len(data) // 2 + 192 * more]) is not None for more in range(8))
    assert half_picture_of(film, b"no transport stream" * 99) is None
    assert half_picture_of(film, b"") is None


def test_a_head_whose_length_is_all_ones_tells_none(make: Make, tmp_path: Path) -> None:
    """ISO/IEC 14496-12 8.2.2; older ffmpegs take it for fifty days, of which nearly all would be missing."""
    film = make(tmp_path / "film.mp4", *PICTURE)
    data = bytearray(film.read_bytes())
    at = data.find(b"mvhd") + 4 + 16
    data[at : at + 4] = b"\xff" * 4
    film.write_bytes(data)
    late = Track(cues=(*TWO.cues, Cue(start=30, end=40, lines=("Much later",))))
    assert {notice.code for notice in mux(film, [late], tmp_path / "soft.mkv")} == {"past_the_end"}
    assert burn(film, TWO, tmp_path / "burned.mp4", encoding=QUICK) == ()
    assert decoded(tmp_path / "soft.mkv") == decoded(tmp_path / "burned.mp4") == (pytest.approx(5.96), 150)
