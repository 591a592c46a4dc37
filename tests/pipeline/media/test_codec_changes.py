"""A transport stream whose picture goes on in another codec (parts put one after another): told with its cause, copied by nobody."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.families import parse
from pipeline.media import Encoding, burn, mux
from pipeline.types import Cue, Notice, Track
from pipeline.video.film import open_film
from pipeline.video.probe import probe
from pipeline.video.transport import Change, codec_change

Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))
PICTURE = ("-f", "lavfi", "-i", "testsrc=s=160x120:d=4:r=25,format=yuv420p")
H264 = ("-c:v", "libx264", "-g", "25")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25")
MPEG2 = ("-c:v", "mpeg2video", "-bf", "2")
MPEG1 = ("-c:v", "mpeg1video")
ADTS = ("-f", "mpegts")


def joined(make: Make, folder: Path, first: Sequence[str], second: Sequence[str], *, suffix: str = ".ts") -> tuple[Path, int]:
    """The film, and the byte at which its second part begins."""
    layout = ("-mpegts_m2ts_mode", "1") if suffix == ".m2ts" else ()
    one = make(folder / f"one{suffix}", *PICTURE, *first, *ADTS, *layout).read_bytes()
    two = make(folder / f"two{suffix}", *PICTURE, *second, *ADTS, *layout, "-output_ts_offset", "4.04").read_bytes()
    film = folder / f"film{suffix}"
    film.write_bytes(one + two)
    return film, len(one)


def told(film: Path) -> tuple[Notice, ...]:
    with open_film(
        probe(film), rule=parse("windows", "fixed:seconds=2"), sampler=parse("samplers", "uniform:count=2"), size=(64, 48)
    ) as read:
        list(read)
        return read.notices


@pytest.mark.parametrize(
    ("first", "second", "codecs"),
    [
        (H264, HEVC, ("H.264", "HEVC")),
        (HEVC, H264, ("HEVC", "H.264")),
        (H264, MPEG2, ("H.264", "MPEG")),
        (MPEG2, H264, ("MPEG", "H.264")),
    ],
)
def test_a_codec_that_changes_is_named_and_its_film_is_not_written(
    first: Sequence[str], second: Sequence[str], codecs: tuple[str, str], make: Make, tmp_path: Path
) -> None:
    film, at = joined(make, tmp_path, first, second)
    change = codec_change(film)
    assert change is not None
    assert (change.before, change.after) == codecs
    assert change.seconds == pytest.approx(4.0, abs=0.1)
    notices = told(film)
    assert {"partial", "codec_changes"} <= {notice.code for notice in notices}
    assert notices[0].code == "codec_changes", "the cause comes first"
    for write in (
        lambda: mux(film, [ONE], tmp_path / "out.mkv"),
        lambda: mux(film, [ONE], tmp_path / "out.mp4"),
        lambda: burn(film, ONE, tmp_path / "burned.mp4", encoding=Encoding(preset="ultrafast")),
    ):
        with pytest.raises(OutputError) as caught:
            write()
        assert caught.value.code == "codec_changes"
    assert not list(tmp_path.glob("out.*"))
    # what is told to do gives two whole films
    data = film.read_bytes()
    assert at <= change.place <= at + 16 * 188
    for name, part in (("1.ts", data[: change.place]), ("2.ts", data[change.place :])):
        (tmp_path / name).write_bytes(part)
        assert probe(tmp_path / name).duration == pytest.approx(4.0, abs=0.2)
        assert told(tmp_path / name) == ()
        assert codec_change(tmp_path / name) is None


def test_packets_with_a_clock_are_read_too(make: Make, tmp_path: Path) -> None:
    film, at = joined(make, tmp_path, H264, MPEG2, suffix=".m2ts")
    change = codec_change(film)
    assert change is not None
    assert at <= change.place <= at + 16 * 192


@pytest.mark.parametrize(("first", "second"), [(H264, H264), (HEVC, HEVC), (MPEG2, MPEG1)])
def test_parts_of_one_codec_are_one_film(first: Sequence[str], second: Sequence[str], make: Make, tmp_path: Path) -> None:
    film, _ = joined(make, tmp_path, first, second)
    assert codec_change(film) is None


def test_what_is_no_transport_stream_changes_nothing(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *PICTURE, *H264)
    assert codec_change(film) is None
    (tmp_path / "noise.ts").write_bytes((b"G" + bytes(range(187))) * 3000)
    assert codec_change(tmp_path / "noise.ts") is None
    (tmp_path / "short.ts").write_bytes(b"G" * 190)
    assert codec_change(tmp_path / "short.ts") is None


def test_a_change_that_no_clock_tells_of_is_told_without_a_time() -> None:
    assert "changes, from MPEG to HEVC" in Change(1880, None, "MPEG", "HEVC").sentence
    assert "head -c 1880 FILM" in Change(1880, 2.0, "MPEG", "HEVC").sentence
