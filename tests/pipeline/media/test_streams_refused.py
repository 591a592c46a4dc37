"""Streams that a container has no name for, or that nothing here reads: converted or left out, and told; the film is written all the same."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from blu_ray import sup
from transport import renamed

from pipeline.media import Encoding, Ffmpeg, burn, containers, mux
from pipeline.media.streams import Contents, Stream
from pipeline.types import Cue, Notice, Track

Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.5, lines=("One",)),), language="en")
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=2,format=yuv420p")
H264 = ("-c:v", "libx264", "-preset", "ultrafast")
TONE = ("-f", "lavfi", "-i", "sine=d=2:r=48000")
QUICK = Encoding(preset="ultrafast", crf=30)
SOUNDS = {
    "pcm_bluray": ("film.m2ts", ("-ac", 2), "pcm_s16le"),
    "pcm_dvd": ("film.vob", ("-ac", 2), "pcm_s16le"),
    "s302m": ("film.ts", ("-ac", 2, "-strict", "experimental"), "pcm_s16le"),
    "pcm_f64be": ("film.mov", (), "pcm_f64le"),
    "pcm_s8": ("film.mov", (), "pcm_u8"),
    "adpcm_ima_qt": ("film.mov", ("-ac", 2), "aac"),
    "nellymoser": ("film.flv", ("-ar", 22050), "aac"),
    "adpcm_swf": ("film.flv", ("-ar", 22050), "aac"),
}


def by_code(notices: tuple[Notice, ...]) -> dict[str, str]:
    return {notice.code: notice.message for notice in notices}


def heard(path: Path) -> tuple[str, float]:
    """(codec, loudness of all that can be decoded); raises where there is no sound."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        codec = stream.codec_context.codec.canonical_name
        pieces = [frame.to_ndarray().astype(float).ravel() for frame in container.decode(stream)]
    samples = np.concatenate(pieces)
    return codec, float(np.std(samples))


def with_sound(make: Make, folder: Path, codec: str) -> Path:
    name, options, _ = SOUNDS[codec]
    picture = ("-c:v", "mpeg2video") if name.endswith(".vob") else H264
    return make(folder / name, *PICTURE, *TONE, *picture, *options, "-c:a", codec)


@pytest.mark.parametrize("codec", SOUNDS)
def test_sound_that_matroska_refuses_is_converted(codec: str, make: Make, tmp_path: Path) -> None:
    film, becomes = with_sound(make, tmp_path, codec), SOUNDS[codec][2]
    for out in (tmp_path / "soft.mkv", tmp_path / "burned.mkv"):
        told = by_code(mux(film, [ONE], out) if out.stem == "soft" else burn(film, ONE, out, encoding=QUICK))
        assert codec in told["stream_converted"]
        assert becomes in told["stream_converted"]
        found, loudness = heard(out)
        assert found == becomes
        assert loudness > 0


@pytest.mark.parametrize("codec", ["pcm_bluray", "s302m", "pcm_dvd"])
def test_sound_that_mov_would_hold_under_a_name_that_nobody_knows_is_converted(codec: str, make: Make, tmp_path: Path) -> None:
    film, out = with_sound(make, tmp_path, codec), tmp_path / "burned.mov"
    assert "stream_converted" in by_code(burn(film, ONE, out, encoding=QUICK))
    assert heard(out)[0] == "pcm_s16le"


@pytest.mark.parametrize("codec", ["adpcm_ima_qt", "pcm_f64be"])
def test_sound_that_mov_takes_stays_as_it_is(codec: str, make: Make, tmp_path: Path) -> None:
    film, out = with_sound(make, tmp_path, codec), tmp_path / "soft.mov"
    assert "stream_converted" not in by_code(mux(film, [ONE], out))
    assert heard(out)[0] == codec


def with_subtitles(make: Make, folder: Path, codec: str) -> Path:
    picture = (*PICTURE, "-i", sup(folder / "subtitles.sup"), "-map", 0, "-map", 1, "-c:v", "mpeg2video")
    if codec == "dvb_teletext":
        made = make(folder / "made.ts", *picture, "-c:s", "dvbsub", "-metadata:s:s:0", "language=deu")
        return renamed(made, folder / "film.ts", b"\x59\x08", b"\x56\x08")  # descriptors of EN 300 468: subtitling, teletext
    if codec == "hdmv_text_subtitle":
        made = make(folder / "made.m2ts", *picture, "-c:s", "copy")
        return renamed(made, folder / "film.m2ts", b"\x90\xf2", b"\x92\xf2")  # kinds of streams of a Blu-ray
    dvd = make(folder / "dvd.mkv", *picture, "-c:s", "dvdsub")
    return make(folder / "film.avi", "-i", dvd, "-map", 0, "-c:v", "mpeg4", "-c:s", "xsub")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("codec", ["dvb_teletext", "hdmv_text_subtitle", "xsub"])
def test_subtitles_that_nothing_makes_text_of_are_left_out(codec: str, suffix: str, make: Make, tmp_path: Path) -> None:
    film = with_subtitles(make, tmp_path, codec)
    kept = codec == "hdmv_text_subtitle" and suffix == ".mkv"
    for out in (tmp_path / f"soft{suffix}", tmp_path / f"burned{suffix}"):
        told = by_code(mux(film, [ONE], out) if out.stem == "soft" else burn(film, ONE, out, encoding=QUICK))
        assert (codec in told.get("stream_left_out", "")) is not kept
        with av.open(str(out)) as container:
            assert len(container.streams.video) == 1
            assert len(container.streams.subtitles) == (out.stem == "soft") + kept


def test_sound_that_nothing_decodes_is_left_out(make: Make, tmp_path: Path) -> None:
    """As AC-4 of a broadcast, of which no ffmpeg has a decoder: here a name in MOV that nobody has given."""
    film = make(tmp_path / "film.mov", *PICTURE, *TONE, *H264, "-c:a", "pcm_s16le")
    film.write_bytes(film.read_bytes().replace(b"sowt", b"qqqq"))
    for out in (tmp_path / "soft.mkv", tmp_path / "burned.mp4"):
        told = by_code(mux(film, [ONE], out) if out.stem == "soft" else burn(film, ONE, out, encoding=QUICK))
        assert "audio stream 1" in told["stream_left_out"]
        with av.open(str(out)) as container:
            assert not container.streams.audio


@pytest.mark.parametrize("codec", ["ttml", "arib_caption", "none", "ivtv_vbi"])
@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mp4"])
def test_no_conversion_is_planned_that_no_decoder_can_begin(codec: str, suffix: str) -> None:
    picture = Stream(index=0, kind="video", codec="h264", language="", detail=" ")
    film = Contents(streams=(picture, Stream(index=1, kind="subtitle", codec=codec, language="", detail=" ")), duration=1.0)
    made = containers.plan(film, suffix, refused={})
    assert not made.kept
    assert [notice.code for notice in made.notices] == ["stream_left_out"]


def test_what_an_ffmpeg_decodes_is_asked(ffmpeg: Ffmpeg) -> None:
    assert ffmpeg.decodes("aac")
    assert not ffmpeg.decodes("ac4")
    listed = subprocess.run([ffmpeg.path, "-v", "error", "-codecs"], capture_output=True, check=True, text=True).stdout
    assert ffmpeg.decodes("cook") is (" D.AIL. cook" in listed)
