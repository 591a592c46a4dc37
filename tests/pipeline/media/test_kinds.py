"""A film of each kind of container and codec through caption, burn and mux, as one run over a folder of them."""

import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

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
        for path in (burned, muxed):
            with av.open(str(path)) as container:
                frames = [frame.time for frame in container.decode(video=0)]
            assert len(frames) == 25, path.name
            assert frames == sorted(frames)
        with av.open(str(muxed)) as container:
            assert len(container.streams.subtitles) == 1, muxed.name
        told = {notice.code for notice in result.notices if notice.start is None}  # those of written films have no time
        assert not told & {"partial", "past_the_end"}, result.info.path.name


def test_a_video_that_fails_says_where_the_captions_are(tmp_path: Path) -> None:
    film = make(tmp_path / "film.h264", *H264)
    with pytest.raises(OutputError) as caught:
        caption(film, engine="echo", model="shapes", mux=True)
    assert caught.value.code == "no_timestamps"
    assert f"{tmp_path}: film.descriptions.json, film.descriptions.en.srt, film.descriptions.en.vtt" in caught.value.message
    assert (tmp_path / "film.descriptions.json").exists()
