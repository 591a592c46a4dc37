"""What of a film is not written is told: covers that a container has no way to hold, streams that ffmpeg does not know."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from transport import renamed, scrambled

from pipeline.media import Encoding, burn, mux
from pipeline.types import Cue, Notice, Track

Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.5, lines=("One",)),), language="en")
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=2,format=yuv420p")
H264 = ("-c:v", "libx264", "-preset", "ultrafast")


def told(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.message for notice in notices if notice.code == "stream_left_out"]


def with_cover(make: Make, folder: Path, kind: str) -> Path:
    cover = make(folder / f"cover.{kind}", "-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", 1)
    named = ("-metadata:s:t:0", f"mimetype=image/{kind}", "-metadata:s:t:0", f"filename=cover.{kind}")
    return make(folder / "film.mkv", *PICTURE, *H264, "-attach", cover, *named)


@pytest.mark.parametrize("kind", ["tiff", "gif", "png"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
def test_a_cover_is_kept_or_told(kind: str, suffix: str, make: Make, tmp_path: Path) -> None:
    film, out = with_cover(make, tmp_path, kind), tmp_path / f"out{suffix}"
    encoding = Encoding(encoder="libvpx-vp9", crf=40, preset="") if suffix == ".webm" else Encoding(preset="ultrafast")
    left_out = told(burn(film, ONE, out, encoding=encoding))
    if suffix != ".webm":
        assert told(mux(film, [ONE], tmp_path / f"soft{suffix}")) == left_out
    with av.open(str(out)) as container:
        covers = [one for one in container.streams.video if one.disposition & av.stream.Disposition.attached_pic]
    assert len(covers) + len(left_out) == 1 or suffix == ".mov"
    assert (not left_out) is (suffix == ".mkv" or (kind == "png" and suffix != ".webm"))


def test_a_stream_that_ffmpeg_does_not_know_is_told(make: Make, tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=d=2:r=48000")
    made = make(tmp_path / "made.ts", *PICTURE, *sound, *H264, "-c:a", "mp2")
    film = scrambled(renamed(made, tmp_path / "film.ts", b"\x03\xe1\x01", b"\x7f\xe1\x01"), 0x101)
    for out in (tmp_path / "soft.mkv", tmp_path / "burned.mp4"):
        left_out = told(
            mux(film, [ONE], out) if out.stem == "soft" else burn(film, ONE, out, encoding=Encoding(preset="ultrafast"))
        )
        assert left_out == ["stream 1 was left out: ffmpeg does not know what it is"]
        with av.open(str(out)) as container:
            assert len(container.streams.video) == 1
