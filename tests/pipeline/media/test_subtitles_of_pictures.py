"""Subtitles that are pictures (of Blu-rays, broadcasts and DVDs): in Matroska they stay as they are, elsewhere they are told as left out."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from blu_ray import sup

from pipeline.media import Encoding, burn, mux
from pipeline.types import Cue, Track

Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.5, lines=("One",)),), language="en")
KINDS = {
    "PGS in Matroska": ("film.mkv", "hdmv_pgs_subtitle", "-c:s", "copy"),
    "PGS of a Blu-ray": ("film.m2ts", "hdmv_pgs_subtitle", "-c:s", "copy"),
    "a broadcast's": ("film.ts", "dvb_subtitle", "-c:s", "dvbsub"),
    "VobSub in Matroska": ("film.mkv", "dvd_subtitle", "-c:s", "dvdsub"),
    "a DVD's": ("film.vob", "dvd_subtitle", "-c:s", "dvdsub"),
}


def with_pictures(make: Make, folder: Path, kind: str) -> tuple[Path, str]:
    """(a film of 4 s with two subtitles that are pictures, ffmpeg's name of their codec)."""
    name, codec, *options = KINDS[kind]
    picture = ("-f", "lavfi", "-i", "testsrc2=s=320x180:d=4:r=25,format=yuv420p", "-i", sup(folder / "subtitles.sup"))
    return make(folder / name, *picture, "-map", 0, "-map", 1, "-c:v", "mpeg2video", "-q:v", 5, *options), codec


def pictures(film: Path) -> tuple[bytes, list[float]]:
    """(all bytes of the subtitles that are pictures, when they come after the first picture of the film)."""
    with av.open(str(film)) as container:
        (stream,) = [s for s in container.streams.subtitles if s.codec_context.codec.canonical_name.startswith(("hdmv", "dv"))]
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(stream, video) if packet.size and packet.pts is not None]
    first = min(float(packet.pts * packet.time_base) for packet in packets if packet.stream is video)
    found = [packet for packet in packets if packet.stream is stream]
    times = sorted({round(float(packet.pts * packet.time_base) - first, 2) for packet in found})
    return b"".join(map(bytes, found)), times


@pytest.mark.parametrize("kind", KINDS)
def test_in_matroska_they_stay_as_they_are(make: Make, kind: str, tmp_path: Path) -> None:
    film, _ = with_pictures(make, tmp_path, kind)
    before, times = pictures(film)
    soft, burned = tmp_path / "soft.mkv", tmp_path / "burned.mkv"
    told = [*mux(film, [ONE], soft), *burn(film, ONE, burned, encoding=Encoding(preset="ultrafast"))]
    assert not [one for one in told if one.fault]
    for out in (soft, burned):
        after, later = pictures(out)
        assert after == before
        assert later == pytest.approx(times, abs=0.02)
    with av.open(str(soft)) as container:
        assert [stream.codec_context.codec.canonical_name for stream in container.streams.subtitles][1:] == ["subrip"]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("kind", KINDS)
def test_elsewhere_they_are_told_as_left_out(make: Make, kind: str, suffix: str, tmp_path: Path) -> None:
    film, codec = with_pictures(make, tmp_path, kind)
    out = tmp_path / f"out{suffix}"
    for work in (lambda: mux(film, [ONE], out), lambda: burn(film, ONE, out, encoding=Encoding(preset="ultrafast"))):
        (one,) = [notice for notice in work() if notice.code == "stream_left_out"]
        assert one.fault
        assert f"({codec}) was left out: {suffix} files can't hold pictures as subtitles" in one.message
        with av.open(str(out)) as container:
            assert all(stream.codec_context.name == "mov_text" for stream in container.streams.subtitles)
        out.unlink()
