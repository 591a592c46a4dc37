"""A burned film has the bits and the HDR of its source, or says what it has not."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from pipeline.media import Encoding, burn, depth, find_ffmpeg
from pipeline.media.binary import newest_ffmpeg
from pipeline.media.streams import Contents, Stream
from pipeline.types import Cue, Notice, Track

Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.1, end=0.3, lines=("One",)),), language="en")
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=0.4")
PQ = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
SCREEN = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"


def hdr_film(make: Make, path: Path, form: str, *, graded: bool = False) -> Path:
    told = f"log-level=none:hdr10=1:repeat-headers=1:{SCREEN}" if graded else "log-level=none"
    coding = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", told)
    return make(path, *PICTURE, *coding, "-pix_fmt", form, *PQ)


def told(notices: tuple[Notice, ...]) -> str:
    (hdr,) = [notice.message for notice in notices if notice.code == "hdr"]
    return hdr


def form_of(path: Path) -> str:
    with av.open(str(path)) as container:
        return str(container.streams.video[0].codec_context.pix_fmt)


ENCODERS = [("libx264", ".mkv"), ("libx265", ".mp4"), ("libvpx-vp9", ".webm"), ("libaom-av1", ".mkv"), ("libsvtav1", ".mkv")]


@pytest.mark.parametrize("form", ["yuv420p10le", "yuv420p12le"])
@pytest.mark.parametrize(("encoder", "suffix"), ENCODERS)
def test_what_is_deeper_than_8_bit_stays_so(encoder: str, suffix: str, form: str, make: Make, tmp_path: Path) -> None:
    if encoder not in find_ffmpeg().encoders:
        pytest.skip(f"this ffmpeg has no {encoder}")
    film, out = hdr_film(make, tmp_path / "film.mkv", form), tmp_path / f"out{suffix}"
    preset = "ultrafast" if encoder in ("libx264", "libx265") else ""
    sentence = told(burn(film, ONE, out, encoding=Encoding(encoder=encoder, crf=35, preset=preset)))
    assert form_of(out) == "yuv420p10le"
    assert "colours are kept as they are" in sentence


def test_an_encoder_of_8_bit_is_told(make: Make, tmp_path: Path) -> None:
    film, out = hdr_film(make, tmp_path / "film.mkv", "yuv420p10le"), tmp_path / "out.mkv"
    sentence = told(burn(film, ONE, out, encoding=Encoding(encoder="mjpeg", preset="")))
    assert "10le" not in form_of(out)
    assert "kept as they are" not in sentence
    assert "--encoder libx265" in sentence


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("graded", [False, True])
def test_the_screen_that_colours_were_made_for_is_kept_or_told(
    graded: bool, newest: bool, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, out = hdr_film(make, tmp_path / "film.mp4", "yuv420p10le", graded=graded), tmp_path / "out.mkv"
    if newest:
        monkeypatch.setenv("SCENESCRIBE_FFMPEG", str(newest_ffmpeg().path))
    sentence = told(burn(film, ONE, out, encoding=Encoding(encoder="libx265", preset="ultrafast")))
    looking = ["-i", out, "-frames:v", "1", "-vf", "showinfo", "-f", "null", "-"]
    said = subprocess.run([find_ffmpeg().path, *looking], capture_output=True, check=True, text=True).stderr.lower()
    kept = "mastering display" in said
    assert ("MaxCLL" in sentence) is (graded and not kept)


def test_eight_bit_stays_eight_bit(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv420p")
    burn(film, ONE, tmp_path / "out.webm", encoding=Encoding(encoder="libvpx-vp9", crf=35, preset=""))
    assert form_of(tmp_path / "out.webm") == "yuv420p"


def test_graphics_cards_take_10_bit_of_hevc_and_not_of_h264() -> None:
    ffmpeg = find_ffmpeg()
    picture = Stream(index=0, kind="video", codec="hevc", language="", detail=" (Main 10), yuv420p10le(tv), 160x120 ")
    film = Contents(streams=(picture,), duration=1.0)
    assert depth.form(ffmpeg, film, Encoding(encoder="h264_nvenc")) == "yuv420p"
    assert depth.form(ffmpeg, film, Encoding(encoder="nothing")) == "yuv420p"
    if "hevc_nvenc" in ffmpeg.encoders:
        assert depth.form(ffmpeg, film, Encoding(encoder="hevc_nvenc")) == "p010le"
