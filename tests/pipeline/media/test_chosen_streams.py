"""Which of several streams a written film shows, and what becomes of data, of exchanged headers and of tracks without cues."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import pytest

from pipeline.errors import InputError
from pipeline.media import Encoding, Ffmpeg, burn, mux
from pipeline.media.still import still
from pipeline.media.streams import understood
from pipeline.types import Cue, Track
from pipeline.video.probe import probe

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))
RED = ("-f", "lavfi", "-i", "color=red:s=160x120:d=2:r=25,format=yuv420p")
GREEN = ("-f", "lavfi", "-i", "color=0x008000:s=176x144:d=2:r=25,format=yuv420p")
DEFAULT_SECOND = ("-map", "0:v", "-map", "1:v", "-disposition:v:0", "0", "-disposition:v:1", "default")
H264 = ("-c:v", "libx264", "-preset", "ultrafast")
STILL = ("-f", "lavfi", "-i", "color=red:s=160x120:d=0.04:r=25")
PICTURE = ("-c:v:0", "mjpeg", "-pix_fmt:v:0", "yuvj420p", "-c:v:1", "libx264")
KINDS: dict[str, tuple[object, ...]] = {
    "default.mkv": (*RED, *GREEN, *DEFAULT_SECOND, *H264),
    "default.mp4": (*RED, *GREEN, *DEFAULT_SECOND, *H264),
    "default.mov": (*RED, *GREEN, *DEFAULT_SECOND, *H264),
    "still.mkv": (*STILL, *GREEN, *DEFAULT_SECOND, *PICTURE),
    "still.mp4": (*STILL, *GREEN, *DEFAULT_SECOND, *PICTURE),
    "cover.mp4": (*STILL, *GREEN, "-map", "0:v", "-map", "1:v", *PICTURE, "-disposition:v:0", "attached_pic"),
    "programs.ts": (
        *(*RED, *GREEN, "-f", "lavfi", "-i", "sine=d=2", "-map", "0:v", "-map", "1:v", "-map", "2:a", *H264, "-c:a", "aac"),
        *("-program", "program_num=1:st=1:st=2", "-program", "program_num=2:st=0:st=2"),
    ),
}


def colour(path: Path) -> tuple[int, int, int]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        red, green, blue = frame.to_ndarray(format="rgb24")[4, 4]
    return int(red), int(green), int(blue)


@pytest.mark.parametrize("name", KINDS)
def test_the_stream_that_is_described_is_the_one_that_is_burned_copied_and_shown(name: str, make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / name, *KINDS[name])
    info = probe(film)
    assert (info.width, info.height) == (176, 144)
    burn(film, ONE, tmp_path / "burned.mp4", encoding=QUICK)
    mux(film, [ONE], tmp_path / "soft.mkv")
    still(film, 1.0, tmp_path / "still.jpg")
    for out in ("burned.mp4", "soft.mkv", "still.jpg"):
        red, green, _ = colour(tmp_path / out)
        assert green > 100 > red, out
    with av.open(str(tmp_path / "burned.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 50


def test_a_stream_that_is_left_out_may_last_longer_than_the_film(make: Make, tmp_path: Path) -> None:
    longer = [word if word != RED[3] else RED[3].replace("d=2", "d=4") for word in RED]
    film = make(tmp_path / "film.mkv", *longer, *GREEN, *DEFAULT_SECOND, *H264)
    assert [notice.code for notice in burn(film, ONE, tmp_path / "burned.mp4", encoding=QUICK)] == ["stream_left_out"]


def test_a_stream_of_two_programs_is_listed_once() -> None:
    video = "Video: h264 ([27][0][0][0] / 0x001B), yuv420p, 176x144, 25 fps, 25 tbr, 90k tbn"
    lines = ["Input #0, mpegts, from 'film.ts':", "  Duration: 00:00:02.00, start: 1.4, bitrate: 1 kb/s"]
    lines += ["  Program 1 ", f"  Stream #0:1[0x101]: {video}", "  Program 2 ", f"  Stream #0:0[0x100]: {video}"]
    lines += [f"  Stream #0:1[0x101]: {video}"]
    assert [stream.index for stream in understood("\n".join(lines)).streams] == [0, 1]


def test_data_that_ffmpeg_can_copy_stays_and_other_data_is_told(film: Path, tmp_path: Path) -> None:
    measured = tmp_path / "measured.mp4"
    with av.open(str(film)) as source, av.open(str(measured), "w") as out:
        picture, data = out.add_stream_from_template(source.streams.video[0]), out.add_data_stream("bin_data")  # gpmd
        data.time_base = Fraction(1, 1000)
        for second in range(4):
            packet = av.Packet(b"DEVC" + bytes(20))
            packet.pts = packet.dts = second * 1000
            packet.duration, packet.time_base, packet.stream = 1000, Fraction(1, 1000), data
            out.mux(packet)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = picture
                out.mux(packet)
    assert burn(measured, ONE, tmp_path / "burned.mp4", encoding=QUICK) == ()
    mux(measured, [ONE], tmp_path / "soft.mp4")
    for name in ("burned.mp4", "soft.mp4"):
        with av.open(str(tmp_path / name)) as container:
            assert [stream.type for stream in container.streams].count("data") == 1
    (notice,) = mux(measured, [ONE], tmp_path / "soft.mkv")
    assert (notice.code, "gpmd" in notice.message) == ("stream_left_out", True)


def test_where_a_dvd_player_jumps_to_is_left_out_without_a_word(tmp_path: Path) -> None:
    """Navigation packets are of use on their disc alone: a fine film of a DVD has no warning."""
    film = tmp_path / "VTS_01_1.VOB"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=352x288:r=25:d=2"]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, "-c:v", "mpeg2video", "-f", "dvd", str(film)], check=True
    )
    with av.open(str(film)) as container:
        assert "data" in [stream.type for stream in container.streams], "what is left out is there"
    assert mux(film, [ONE], tmp_path / "soft.mkv") == ()
    assert burn(film, ONE, tmp_path / "burned.mkv", encoding=QUICK) == ()


def joined(first: bytes, second: bytes, offset: int) -> bytes:
    """Two FLV one after the other, tag by tag, each with its headers, as a recorder of a sender that begins anew writes them."""

    def tags(data: bytes) -> Any:
        at = 13
        while at < len(data):
            size = int.from_bytes(data[at + 1 : at + 4], "big")
            yield data[at], int.from_bytes(data[at + 4 : at + 7], "big"), data[at + 11 : at + 11 + size]
            at += size + 15

    out = bytearray(first[:13])
    for part, late in ((first, 0), (second, offset)):
        for kind, time, body in tags(part):
            if kind == 18 or (not late and kind == 9 and body[1] == 2):  # what is known of a film, and the end of a sequence
                continue
            head = bytes([kind]) + len(body).to_bytes(3, "big") + (time + late).to_bytes(3, "big") + bytes(4)
            out += head + body + (len(head) + len(body)).to_bytes(4, "big")
    return bytes(out)


@pytest.fixture(scope="module")
def restarted(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 s of 160x120 in High profile, then 3 s of 176x144 in Baseline."""
    folder = tmp_path_factory.mktemp("restarted")
    sound = ("-f", "lavfi", "-i", "sine=d=3", "-c:a", "aac")
    source = ("-f", "lavfi", "-i", "testsrc=s=160x120:d=2:r=25,format=yuv420p", *sound, "-ar", 44100, "-t", 2)
    first = make(folder / "first.flv", *source, "-c:v", "libx264", "-profile:v", "high", "-g", 25)
    source = ("-f", "lavfi", "-i", "testsrc2=s=176x144:d=3:r=25,format=yuv420p", *sound, "-ar", 48000, "-ac", 2)
    second = make(folder / "second.flv", *source, "-c:v", "libx264", "-profile:v", "baseline", "-g", 25)
    film = folder / "film.flv"
    film.write_bytes(joined(first.read_bytes(), second.read_bytes(), 2100))
    return film


def decodes(ffmpeg: Ffmpeg, path: Path) -> int:
    """Pictures that decode; any complaint is a failure."""
    done = subprocess.run(
        [ffmpeg.path, "-v", "error", "-i", path, "-map", "0:v:0", "-f", "framecrc", "-"], capture_output=True, check=True
    )
    assert done.stderr == b""
    return sum(not line.startswith(b"#") for line in done.stdout.splitlines())


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_copy_keeps_a_header_that_is_exchanged(restarted: Path, suffix: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    told = {notice.code for notice in mux(restarted, [ONE], tmp_path / f"soft{suffix}")}
    assert told - {"default_track"} == {"stream_converted"}, "the sound has another rate from there on"
    with av.open(str(tmp_path / f"soft{suffix}")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 125
    assert {n.code for n in burn(restarted, ONE, tmp_path / f"burned{suffix}", encoding=QUICK)} == {"stream_converted"}
    assert decodes(ffmpeg, tmp_path / f"burned{suffix}") == 125


def test_an_mp4_with_several_sample_descriptions(restarted: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with av.open(str(restarted)) as source, av.open(str(film), "w") as out:
        picture = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = picture
                out.mux(packet)
    data = film.read_bytes()
    at = data.index(b"stsd")
    assert data[at + 8 : at + 12] == (2).to_bytes(4, "big"), "the film has two sample descriptions"
    assert mux(film, [ONE], tmp_path / "soft.mkv") == ()
    with av.open(str(tmp_path / "soft.mkv")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 125


def test_tracks_without_a_cue_inside_the_film(film: Path, tmp_path: Path) -> None:
    late = Track(cues=(Cue(start=30, end=31, lines=("Late",)),), language="de")
    for tracks in ([late], [Track(cues=())]):
        with pytest.raises(InputError) as caught:
            mux(film, tracks, tmp_path / "soft.mkv")
        assert caught.value.code == "no_cues"
    assert {notice.code for notice in mux(film, [ONE, late], tmp_path / "soft.mkv")} == {"past_the_end", "no_cues"}
    with av.open(str(tmp_path / "soft.mkv")) as container:
        assert len(container.streams.subtitles) == 1


def test_a_film_with_bidirectional_pictures_and_no_times_at_each_rate(make: Make, tmp_path: Path) -> None:
    for rate in (24, 30, 60):
        film = make(tmp_path / f"{rate}.avi", "-f", "lavfi", "-i", f"testsrc=s=160x120:d=2:r={rate}", "-c:v", "mpeg4", "-bf", 2)
        assert burn(film, ONE, tmp_path / f"{rate}.mp4", encoding=QUICK) == ()
        with av.open(str(tmp_path / f"{rate}.mp4")) as container:
            assert sum(1 for _ in container.decode(video=0)) == 2 * rate


def test_cues_in_the_second_part_of_joined_parts_are_kept(make: Make, tmp_path: Path) -> None:
    part = make(tmp_path / "part.ts", "-f", "lavfi", "-i", "testsrc=s=160x120:d=3:r=25,format=yuv420p", "-c:v", "libx264")
    film = tmp_path / "film.ts"
    film.write_bytes(2 * part.read_bytes())
    track = Track(cues=(*ONE.cues, Cue(start=4.0, end=5.0, lines=("Two",))))
    for suffix in (".mkv", ".mp4"):
        assert {notice.code for notice in mux(film, [track], tmp_path / f"soft{suffix}")} <= {"default_track"}
        with av.open(str(tmp_path / f"soft{suffix}")) as container:
            texts = [bytes(packet) for packet in container.demux(container.streams.subtitles[0])]
        assert any(b"Two" in text for text in texts)


def test_hevc_in_mp4_has_the_name_that_all_players_know(tmp_path: Path) -> None:
    """ffmpeg calls it hev1, which Apple's players don't play: a phone's film that went through Matroska, or was burned."""
    film = tmp_path / "phone.mkv"
    hevc = ["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-preset", "ultrafast", "-x265-params", "log-level=error"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *RED, *hevc, str(film)], check=True)
    mux(film, [ONE], tmp_path / "soft.mp4")
    assert burn(film, ONE, tmp_path / "burned.mov", encoding=Encoding(encoder="libx265", preset="ultrafast", crf=30)) == ()
    (told,) = burn(film, ONE, tmp_path / "quick.mp4", encoding=QUICK)
    assert (told.code, told.fault) == ("ten_bit", False)
    for name in ("soft.mp4", "burned.mov"):
        with av.open(str(tmp_path / name)) as container:
            assert container.streams.video[0].codec_context.codec_tag == "hvc1"
            assert sum(1 for _ in container.decode(video=0)) == 50
