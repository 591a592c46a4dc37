"""A film of each kind of container and codec through caption, burn and mux, as one run over a folder of them."""

import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import caption, caption_all
from pipeline.errors import OutputError

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "12")
KINDS: dict[str, tuple[str, ...]] = {
    "h264.mp4": H264,
    "h264.mov": H264,
    "h264.mkv": H264,
    "h264.ts": H264,
    "h264.m2ts": H264,
    "h264.flv": H264,
    "h264.3gp": H264,
    "h264.nut": H264,
    "hevc.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime"),
    "vp8.ivf": ("-c:v", "libvpx", "-deadline", "realtime"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    "av1.mkv": ("-c:v", "libsvtav1", "-preset", "12"),
    "mpeg1.mpg": ("-c:v", "mpeg1video"),
    "mpeg2.vob": ("-c:v", "mpeg2video", "-bf", "2"),
    "mpeg2.mxf": ("-c:v", "mpeg2video", "-bf", "2"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "mjpeg.avi": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "prores.mov": ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"),
    "ffv1.mkv": ("-c:v", "ffv1"),
    "huffyuv.avi": ("-c:v", "huffyuv", "-pix_fmt", "yuv422p"),
    "theora.ogg": ("-c:v", "libtheora", "-q:v", "8"),
    "wmv2.wmv": (
        "-c:v",
        "wmv2",
    ),
    "flv1.flv": (
        "-c:v",
        "flv",
    ),
}


def make(path: Path, *options: str) -> Path:
    picture = ["-f", "lavfi", "-i", "testsrc2=s=176x144:r=25:d=1,format=yuv420p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *picture, *options, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def frames_of(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    """(time, grey picture) of each frame."""
    with av.open(str(path)) as container:
        return [(float(frame.time or 0), frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def test_each_kind_is_captioned_burned_and_muxed(tmp_path: Path) -> None:
    films, out = tmp_path / "films", tmp_path / "out"
    films.mkdir()
    for name, options in KINDS.items():
        make(films / name, *options)
    run = caption_all(
        [str(path) for path in sorted(films.iterdir())], engine="echo", model="shapes", output_dir=out, burn=True, mux=True,
        preset="ultrafast",
    )  # fmt: skip
    assert [(name, str(error)) for name, error in run.errors] == []
    assert len(run.results) == len(KINDS)
    for result in run.results:
        burned, muxed = result.outputs[-2:]
        pictures = [frames_of(path) for path in (burned, muxed)]
        for path, shown in zip((burned, muxed), pictures, strict=True):
            times = [time for time, _ in shown]
            assert len(times) == 25, path.name
            assert times == sorted(times)
            assert times[-1] - times[0] == pytest.approx(0.96, abs=0.03), path.name
            with av.open(str(path)) as container:
                assert [stream.type for stream in container.streams].count("video") == 1, path.name
                assert (container.duration or 0) / 1e6 == pytest.approx(1.0, abs=0.1), path.name
        changed = [np.abs(a.astype(int) - b) > 60 for (_, a), (_, b) in zip(*pictures, strict=True)]
        drawn = changed[12]
        assert drawn[drawn.shape[0] // 2 :].mean() > 0.005, f"{burned.name}: text stands in the lower half"
        assert drawn[: drawn.shape[0] // 4].mean() < 0.01, f"{burned.name}: and nothing else is changed"
        with av.open(str(muxed)) as container:
            (track,) = container.streams.subtitles
            cues = [packet for packet in container.demux(track) if packet.pts is not None and packet.size > 2]
        written = next(path for path in result.outputs if path.suffix == ".srt").read_text(encoding="utf-8").count(" --> ")
        assert len(cues) == written > 0, muxed.name
        told = {notice.code for notice in result.notices if notice.start is None}  # those of written films have no time
        assert not told & {"partial", "past_the_end"}, result.info.path.name


def test_a_video_that_fails_says_where_the_captions_are(tmp_path: Path) -> None:
    film = make(tmp_path / "film.h264", *H264)
    with pytest.raises(OutputError) as caught:
        caption(film, engine="echo", model="shapes", mux=True)
    assert caught.value.code == "no_timestamps"
    assert f"{tmp_path}: film.descriptions.json, film.descriptions.en.srt, film.descriptions.en.vtt" in caught.value.message
    assert (tmp_path / "film.descriptions.json").exists()


def test_a_film_without_a_byte_is_written_anew_by_the_next_run(tmp_path: Path) -> None:
    """As a run leaves it that was killed where a disk has no hard links."""
    film = make(tmp_path / "film.mp4", *H264)
    burned = caption(film, engine="echo", model="shapes", burn=True, preset="ultrafast").outputs[-1]
    assert burned.suffix == ".mp4"
    size = burned.stat().st_size
    burned.write_bytes(b"")
    caption(film, engine="echo", model="shapes", burn=True, preset="ultrafast")
    assert burned.stat().st_size == size
