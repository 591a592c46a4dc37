"""Containers that tell little: AVI knows when a picture is decoded and not when it is shown; what is damaged inside is told in each."""

import random
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace

import av
import matroska
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.families import parse
from pipeline.media.binary import find_ffmpeg
from pipeline.video.decode.order import of_decoding
from pipeline.video.film import open_film
from pipeline.video.probe import probe

XVID = ("-c:v", "mpeg4", "-tag:v", "XVID", "-bf", "2", "-q:v", "4")
MPEG2 = ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "4")
SHOTS = ("color=red:s=320x240:r=25:d=4", "color=green:s=320x240:r=25:d=4.2", "color=white:s=320x240:r=25:d=4")


def made(path: Path, *options: str) -> Path:
    moving = ",drawbox=x=t*20:y=40:w=40:h=40:c=black:t=fill"
    graph = ";".join(f"{shot}{moving}[{n}]" for n, shot in enumerate(SHOTS)) + ";[0][1][2]concat=n=3"
    command = [str(find_ffmpeg().path), "-v", "error", "-f", "lavfi", "-i", graph, *options, str(path)]
    subprocess.run(command, check=True)
    return path


def read(film: Path) -> tuple[tuple[float, ...], int, set[str]]:
    """Cuts, pictures that came, and what was told."""
    with open_film(
        probe(film), rule=parse("windows", "scenes"), sampler=parse("samplers", "rate:fps=25"), size=(64, 48)
    ) as reading:
        count = sum(len(window.frames) for window in reading)
        return reading.shots, count, {notice.code for notice in reading.notices}


@pytest.mark.parametrize(
    "codec",
    [("libx264", "-bf", "3"), ("libx265", "-tag:v", "H265", "-preset", "ultrafast", "-x265-params", "bframes=3:log-level=error")],
)
def test_each_picture_of_an_avi_has_its_place(codec: tuple[str, ...], tmp_path: Path) -> None:
    """libav tells of such packets that they are shown as they are decoded: half of the pictures were left out as too late."""
    shots, count, told = read(made(tmp_path / "film.avi", "-c:v", *codec))
    first = 0.04  # where libav lets it begin, and ffmpeg's copies of it
    assert shots == pytest.approx([4 + first, 8.2 + first], abs=0.001)
    assert count == 305
    assert told == set()


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.mp4", ("-c:v", "libx264", "-bf", "3")),
        ("film.asf", ("-c:v", "libx264", "-bf", "3")),
        ("film.mp4", ("-c:v", "libx265", "-tag:v", "H265", "-preset", "ultrafast", "-x265-params", "bframes=3:log-level=error")),
        ("film.mp4", XVID),
        ("film.mov", MPEG2),
        ("film.asf", XVID),
        ("film.asf", MPEG2),
        ("film.nut", XVID),
    ],
)
def test_so_has_a_copy_of_an_avi(name: str, codec: tuple[str, ...], tmp_path: Path) -> None:
    stored, copy = made(tmp_path / "film.avi", *codec), tmp_path / name
    made_up = ["-fflags", "+genpts"] if name.endswith("nut") else []
    subprocess.run([str(find_ffmpeg().path), "-v", "error", *made_up, "-i", str(stored), "-c", "copy", str(copy)], check=True)
    _, count, told = read(copy)
    assert (count, told) == (305, set())


@pytest.mark.parametrize(("fourcc", "options"), [(b"XVID", XVID), (b"MPG2", MPEG2)])
def test_so_has_video_for_windows_in_matroska(fourcc: bytes, options: tuple[str, ...], tmp_path: Path) -> None:
    """What programs make of an AVI without taking its pictures apart: their times are those of decoding, and the first one was lost."""
    stored, film = made(tmp_path / "film.avi", *options), tmp_path / "film.mkv"
    private = matroska.bitmap(fourcc, 320, 240, matroska.header(stored))
    matroska.write(stored, film, codec="V_MS/VFW/FOURCC", private=private, decoding=True)
    shots, count, told = read(film)
    assert shots == pytest.approx([4.04, 8.24], abs=0.001)
    assert (count, told) == (305, set())


@pytest.mark.parametrize("options", [("-c:v", "mpeg4", "-bf", "2"), MPEG2])
def test_mpeg_whose_times_are_those_of_showing_is_found_by_them(options: tuple[str, ...], tmp_path: Path) -> None:
    film = made(tmp_path / "film.mp4", *options)
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stamps = [(packet.pts, packet.dts) for packet in container.demux(stream) if packet.size]
        assert stream.codec_context.has_b_frames
        assert not of_decoding(container, stream, *np.array(stamps, np.int64).T)
    assert probe(film).reader == "opencv", "which is quicker there"


@pytest.mark.parametrize("frames", ["0", "3"])
def test_a_header_that_allows_another_order_makes_none(frames: str, tmp_path: Path) -> None:
    """Of some cameras: their pictures go on being found by their times, so that few of them have to be decoded."""
    film = made(tmp_path / "film.mp4", "-c:v", "libx264", "-bf", frames)
    with av.open(str(film)) as container:
        own = container.streams.video[0]
        context = SimpleNamespace(name="h264", has_b_frames=True, extradata=own.codec_context.extradata)
        stream, times = SimpleNamespace(codec_context=context, index=own.index), np.arange(305)
        assert of_decoding(container, stream, times, times) == (frames == "3")
        assert not of_decoding(container, stream, times, times + (times == 4)), "some are shown later than others"


def test_a_packed_bitstream_gives_all_its_pictures(tmp_path: Path) -> None:
    """A packet holds two pictures, and the next one nothing."""
    film = made(tmp_path / "film.avi", "-c:v", "libxvid", "-bf", "2", "-q:v", "3")
    assert b"p\0\0\1\xb2" in film.read_bytes()[:20_000], "as XviD marks it"
    _, count, told = read(film)
    assert count > 300
    assert told == set()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("film.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-b:v", "2M")),
        ("film.mkv", ("-c:v", "mpeg4", "-q:v", "2")),
        ("film.flv", ("-c:v", "flv", "-q:v", "2")),
        ("film.ogv", ("-c:v", "libtheora", "-q:v", "9")),
    ],
)
def test_what_is_overwritten_inside_is_told(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    film = made(tmp_path / name, "-vf", "noise=alls=20:allf=t", *options)
    assert read(film)[2] == set(), "nothing is said of a whole one"
    data = bytearray(film.read_bytes())
    chance = random.Random(5)
    begin = len(data) // 2
    data[begin : begin + 20_000] = chance.randbytes(20_000)
    film.write_bytes(data)
    assert "partial" in read(film)[2]


@pytest.mark.parametrize(
    ("name", "options"),
    [("film.avi", ("-c:v", "mpeg4")), ("film.wmv", ("-c:v", "wmv2")), ("film.mp4", ("-movflags", "frag_keyframe", "-g", "25"))],
)
def test_a_copy_that_broke_off_is_told(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "anoisesrc=d=12")
    film = made(tmp_path / name, *sound, "-map", "0", "-map", "1", *options)
    assert read(film)[2] == set(), "nothing is said of a whole one"
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 6 // 10])
    assert "partial" in read(film)[2]


def test_a_damaged_tag_that_names_a_new_stream_costs_itself(tmp_path: Path) -> None:
    """PyAV ends the walk there, and the process that reads died of it, twice."""
    sound = ("-f", "lavfi", "-i", "sine=d=12", "-c:a", "libmp3lame", "-ar", "44100")
    film = made(tmp_path / "film.flv", *sound, "-c:v", "flv")
    whole = read(film)
    data = bytearray(film.read_bytes())
    at, sounds = 13, list[int]()
    while at < len(data):
        if data[at] == 8:
            sounds.append(at)
        at += 15 + int.from_bytes(data[at + 1 : at + 4], "big")
    data[sounds[len(sounds) // 2] + 11] = 0xB2  # Speex among MP3
    film.write_bytes(data)
    assert read(film) == whole


def test_gxf_is_read(tmp_path: Path) -> None:
    """What servers of broadcasters hold (SMPTE 360M)."""
    film = made(tmp_path / "film.gxf", "-vf", "scale=720:576", "-c:v", "mpeg2video", "-r", "25", "-t", "2")
    _, count, told = read(film)
    assert count >= 49, "the last of them stands for half a frame: its ticks are those of fields"
    assert told == set()


def test_a_rate_that_can_t_be_is_said_and_not_taken_for_a_part_that_was_asked_for(tmp_path: Path) -> None:
    film = made(tmp_path / "film.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-t", "2")
    data = bytearray(film.read_bytes())
    rate = data.find(b"strh") + 8 + 20
    data[rate : rate + 8] = struct.pack("<II", 1, 1_000_000_000)
    film.write_bytes(data)
    with pytest.raises(InputError, match="its head tells") as caught:
        read(film)
    assert caught.value.code == "unsupported_or_corrupt"
