"""Films as people really have them: times that are missing, late or cut, pictures that stand, covers, cues that don't fit."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.errors import InputError, OutputError
from pipeline.media import Encoding, burn, mux, soft, standing
from pipeline.types import Cue, Track

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
TWO = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)), Cue(start=1.5, end=2.0, lines=("Two",))))


def lavfi(seconds: float = 3, rate: int = 25) -> list[object]:
    return ["-f", "lavfi", "-i", f"testsrc=s=160x120:d={seconds}:r={rate},format=yuv420p"]


def shown(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def shown_by_order(path: Path) -> list[Any]:
    """The pictures of a film whose frames may have no times."""
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def cues_of(path: Path) -> list[tuple[float, float, str]]:
    """What a player shows of the first track, by the container's own packets."""
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        found = [
            (float(packet.pts * packet.time_base), float(packet.duration * packet.time_base), bytes(packet))
            for packet in container.demux(stream)
            if packet.pts is not None and packet.size
        ]
    mp4 = path.suffix == ".mp4"
    texts = [(a, a + d, (data[2 : 2 + int.from_bytes(data[:2], "big")] if mp4 else data).decode()) for a, d, data in found]
    return [(round(a, 2), round(b, 2), text) for a, b, text in texts if text]


UNTIMED = {
    "avi": ("film.avi", "-c:v", "mpeg4", "-vtag", "XVID", "-q:v", 3, "-bf", 1),
    "ps": ("film.mpg", "-c:v", "mpeg2video", "-bf", 2),
}


@pytest.mark.parametrize("kind", UNTIMED)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_times_that_the_container_does_not_write_are_made(kind: str, suffix: str, make: Make, tmp_path: Path) -> None:
    name, *options = UNTIMED[kind]
    film = make(tmp_path / str(name), *lavfi(), *options)
    assert burn(film, TWO, tmp_path / f"burned{suffix}", encoding=QUICK) == ()
    times = shown(tmp_path / f"burned{suffix}")
    assert len(times) == 75
    assert np.diff(times) == pytest.approx(0.04, abs=0.0015)
    assert {notice.code for notice in mux(film, [TWO], tmp_path / f"soft{suffix}")} <= {"default_track"}
    copied = shown(tmp_path / f"soft{suffix}")
    assert copied == sorted(copied)
    assert len(copied) == 75
    assert [text for _, _, text in cues_of(tmp_path / f"soft{suffix}")] == ["One", "Two"]


@pytest.mark.parametrize(("rate", "size"), [("25", "720x576"), ("30000/1001", "720x480")])
def test_a_server_s_film_whose_packets_are_as_long_as_a_field(rate: str, size: str, make: Make, tmp_path: Path) -> None:
    """GXF tells no times of showing, and of a picture of two fields the length of one."""
    pictures = ("-f", "lavfi", "-i", f"testsrc=s={size}:d=2:r={rate},format=yuv420p")
    film = make(tmp_path / "film.gxf", *pictures, "-c:v", "mpeg2video", "-b:v", "8M", "-g", 12)
    frames = len(shown_by_order(film))
    for suffix in (".mkv", ".mp4"):
        assert {notice.code for notice in burn(film, TWO, tmp_path / f"burned{suffix}", encoding=QUICK)} <= {"stream_left_out"}
        assert len(shown(tmp_path / f"burned{suffix}")) == frames


def test_a_raw_stream_is_burned_and_its_copy_refused_with_the_cause(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.h264", *lavfi(), "-c:v", "libx264", "-bf", 2)
    assert burn(film, TWO, tmp_path / "burned.mkv", encoding=QUICK) == ()
    assert len(shown(tmp_path / "burned.mkv")) == 75
    for suffix in (".mkv", ".mp4"):
        with pytest.raises(OutputError) as caught:
            mux(film, [TWO], tmp_path / f"soft{suffix}")
        assert caught.value.code == "no_timestamps"
    assert {path.name for path in tmp_path.iterdir()} == {"film.h264", "burned.mkv"}


def test_a_raw_stream_of_hevc_is_not_copied_in_disorder(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.265", *lavfi(1), "-c:v", "libx265", "-x265-params", "log-level=none")
    for suffix in (".mkv", ".mp4"):
        with pytest.raises(OutputError) as caught:
            mux(film, [TWO], tmp_path / f"soft{suffix}")
        assert caught.value.code == "no_timestamps"


@pytest.mark.parametrize("codec", ["flac", "libopus"])
def test_sound_that_is_new_to_mp4_is_copied(codec: str, make: Make, tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=d=3", "-c:a", codec)
    film = make(tmp_path / "film.mkv", *lavfi(), *sound, "-c:v", "libx264", "-preset", "ultrafast")
    mux(film, [TWO], tmp_path / "soft.mp4")
    assert burn(film, TWO, tmp_path / "burned.mp4", encoding=QUICK) == ()
    for name in ("soft.mp4", "burned.mp4"):
        with av.open(str(tmp_path / name)) as container:
            assert container.streams.audio[0].codec_context.name == codec.removeprefix("lib")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_film_that_says_it_begins_before_its_streams_do(suffix: str, make: Make, tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=d=3:r=44100", "-c:a", "wmav2")
    film = make(tmp_path / "film.wmv", *lavfi(3, 30), *sound, "-c:v", "wmv2")
    burn(film, TWO, tmp_path / f"burned{suffix}", encoding=QUICK)
    assert len(shown(tmp_path / f"burned{suffix}")) == 90


def test_the_last_of_slow_pictures_stands_as_long_as_the_others(make: Make, tmp_path: Path) -> None:
    slow = ("-f", "lavfi", "-i", "testsrc=s=160x120:d=8:r=1/2,format=yuv420p")
    film = make(tmp_path / "film.mp4", *slow, "-c:v", "libx264", "-preset", "ultrafast")
    burn(film, TWO, tmp_path / "burned.mp4", encoding=QUICK)
    with av.open(str(tmp_path / "burned.mp4")) as container:
        assert container.duration / 1e6 == pytest.approx(8, abs=0.1)


def test_a_matroska_that_begins_late(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mkv", *lavfi(), "-c:v", "libx264", "-output_ts_offset", 4)
    assert mux(film, [TWO], tmp_path / "soft.mkv") == ()
    assert burn(film, TWO, tmp_path / "burned.mkv", encoding=QUICK) == ()
    assert len(shown(tmp_path / "burned.mkv")) == len(shown(tmp_path / "soft.mkv")) == 75


def test_frames_that_an_edit_hides_are_not_missed(make: Make, tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", *lavfi(6), "-c:v", "libx264", "-g", 9999)
    film = make(tmp_path / "film.mp4", "-ss", 2.7, "-i", whole, "-t", 2, "-c", "copy")
    assert burn(film, TWO, tmp_path / "burned.mp4", encoding=QUICK) == ()
    assert len(shown(tmp_path / "burned.mp4")) == len(shown(film))


def test_packets_without_bytes_repeat_the_picture_before(make: Make, tmp_path: Path) -> None:
    film = make(
        tmp_path / "film.avi", *lavfi(), "-vf", "select='lt(n,10)+gte(n,40)'", "-fps_mode", "passthrough", "-c:v", "msmpeg4"
    )
    assert film.read_bytes().count(b"00dc" + bytes(4)) > 20
    assert burn(film, TWO, tmp_path / "burned.mkv", encoding=QUICK) == ()


def test_pictures_that_are_decoded_and_never_shown(make: Make, tmp_path: Path) -> None:
    options = ("-c:v", "libvpx", "-b:v", "200k", "-auto-alt-ref", 1, "-lag-in-frames", 16, "-passlogfile", tmp_path / "pass")
    for number in (1, 2):
        film = make(tmp_path / "film.webm", *lavfi(4), *options, "-pass", number)
    assert burn(film, TWO, tmp_path / "burned.mkv", encoding=QUICK) == ()
    assert len(shown(tmp_path / "burned.mkv")) == 100


@pytest.mark.parametrize("source", [".mkv", ".mp4"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_standing_picture_is_drawn_again_when_its_text_changes(
    source: str, suffix: str, make: Make, tmp_path: Path, frames: Any
) -> None:
    slides = "color=0x606060:s=320x180:r=1:d=66,select='not(mod(n,13))'"
    film = make(tmp_path / f"film{source}", "-f", "lavfi", "-i", slides, "-fps_mode", "passthrough", "-c:v", "libx264")
    texts = ((15, 20), (30.5, 33), (39.04, 41))
    track = Track(cues=tuple(Cue(start=a, end=b, lines=("Standing",)) for a, b in texts))
    out = tmp_path / f"burned{suffix}"
    assert burn(film, track, out, encoding=QUICK) == ()
    pictures = frames(out)
    times = [at for at, _ in pictures]
    assert set(np.round(shown(film), 2)) <= set(np.round(times, 2)), "every frame of the source"
    for at, picture in pictures:
        drawn = bool((abs(picture.astype(int) - int(picture[0, 0])) > 20).any())
        assert drawn == any(a - 0.01 <= at < b - 0.01 for a, b in texts), at
    for border in itertools.chain.from_iterable(texts):
        assert min(abs(at - border) for at in times) < 0.05
    with av.open(str(out)) as container:
        assert container.duration / 1e6 == pytest.approx(66, abs=0.1)


def test_films_of_a_usual_rate_get_no_frame_more() -> None:
    times = [n / 25 for n in range(100)]
    assert standing.repeats(times, 4.0, [Cue(start=0.51, end=1.99, lines=("x",))]) == []
    assert standing.repeats([], 0.0, TWO.cues) == []
    assert standing.repeats([0.0], 10.0, [Cue(start=2, end=4, lines=("x",))]) == [2, 4, pytest.approx(9.92), pytest.approx(9.96)]


def test_covers_fonts_and_chapters_stay(make: Make, tmp_path: Path) -> None:
    cover = make(tmp_path / "cover.jpg", "-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", 1)
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=A\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=B\n"
    )
    types = [
        "-metadata:s:t:0",
        "mimetype=image/jpeg",
        "-metadata:s:t:0",
        "filename=cover.jpg",
        "-attach",
        tmp_path / "chapters.txt",
    ]
    types += ["-metadata:s:t:1", "mimetype=application/x-truetype-font", "-metadata:s:t:1", "filename=a.ttf"]
    film = make(
        tmp_path / "film.mkv",
        *lavfi(),
        "-i",
        tmp_path / "chapters.txt",
        "-map_metadata",
        1,
        "-c:v",
        "libx264",
        "-attach",
        cover,
        *types,
    )
    mp4 = make(tmp_path / "film.mp4", "-i", film, "-map", "0:v", "-c", "copy")
    for n, source in enumerate((film, mp4)):
        burn(source, TWO, tmp_path / f"burned{n}.mkv", encoding=QUICK)
        mux(source, [TWO], tmp_path / f"soft{n}.mkv")
        mux(source, [TWO], tmp_path / f"soft{n}.mp4")
        for out in (f"burned{n}.mkv", f"soft{n}.mkv", f"soft{n}.mp4"):
            with av.open(str(tmp_path / out)) as container:
                covers = [s for s in container.streams.video if s.disposition & av.stream.Disposition.attached_pic]
                assert len(covers) == 1, out
                assert len(container.streams.video) == 2
                assert len(container.chapters()) == 2
                attachments = [stream for stream in container.streams if stream.type == "attachment"]
                assert len(attachments) == (1 if out.endswith(".mkv") and n == 0 else 0)


def test_too_large_a_picture_is_refused_by_burn_as_by_caption(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.avi", "-f", "lavfi", "-i", "color=s=16000x16000:r=1:d=1", "-c:v", "mjpeg")
    with pytest.raises(InputError) as caught:
        burn(film, TWO, tmp_path / "burned.mp4", encoding=QUICK)
    assert caught.value.code == "frame_too_large"


OVERLAPPING = Track(cues=(Cue(start=0.5, end=2.0, lines=("One",)), Cue(start=1.0, end=2.5, lines=("Two", "lines"))))


def test_what_overlaps_stands_together_in_mp4(film: Path, tmp_path: Path) -> None:
    mux(film, [OVERLAPPING], tmp_path / "soft.mp4")
    assert cues_of(tmp_path / "soft.mp4") == [(0.5, 1.0, "One"), (1.0, 2.0, "One\nTwo\nlines"), (2.0, 2.5, "Two\nlines")]
    mux(film, [OVERLAPPING], tmp_path / "soft.mkv")
    kept = cues_of(tmp_path / "soft.mkv")
    assert [text for _, _, text in kept] == ["One", "Two\nlines"]
    assert [times[:2] for times in kept] == [pytest.approx((0.5, 2.0), abs=0.03), pytest.approx((1.0, 2.5), abs=0.03)]
    assert soft.one_at_a_time(TWO) == TWO


def test_a_cue_past_the_end_makes_no_film_longer(film: Path, tmp_path: Path) -> None:
    late = Track(cues=(*TWO.cues, Cue(start=3, end=22, lines=("Three",)), Cue(start=30, end=31, lines=("Four",))))
    for suffix in (".mkv", ".mp4"):
        notices = mux(film, [late], tmp_path / f"soft{suffix}")
        assert "past_the_end" in {notice.code for notice in notices}
        with av.open(str(tmp_path / f"soft{suffix}")) as container:
            assert container.duration / 1e6 == pytest.approx(4, abs=0.1)


def test_equal_tracks_are_noticed(film: Path, tmp_path: Path) -> None:
    assert [notice.code for notice in mux(film, [TWO, TWO], tmp_path / "soft.mkv")] == ["equal_tracks"]
    other = Track(cues=TWO.cues, language="de")
    assert mux(film, [TWO, other], tmp_path / "other.mkv") == ()


@pytest.mark.parametrize("ahead", ["sound", "picture"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_broadcast_whose_sound_does_not_begin_with_its_picture(ahead: str, suffix: str, make: Make, tmp_path: Path) -> None:
    """Time is counted from what begins first, for the picture, the sound and the text alike: so do players, and so does the JSON."""
    late: list[object] = ["-itsoffset", 0.6]
    black = ["-f", "lavfi", "-i", "color=black:s=160x120:d=3:r=25,format=yuv420p"]
    tone = ["-f", "lavfi", "-i", "sine=d=3"]
    inputs = [*late, *black, *tone] if ahead == "sound" else [*black, *late, *tone]
    film = make(tmp_path / "film.ts", *inputs, "-c:v", "libx264", "-c:a", "mp2", "-f", "mpegts")
    cue = Track(cues=(Cue(start=1.0, end=2.0, lines=("Text",)),))
    assert burn(film, cue, tmp_path / f"burned{suffix}", encoding=QUICK) == ()
    with av.open(str(tmp_path / f"burned{suffix}")) as container:
        frames = [(float(frame.time), int(frame.to_ndarray(format="gray").max()) > 150) for frame in container.decode(video=0)]
    begin = 0.6 if ahead == "sound" else 0.0
    assert len(frames) == 75
    assert frames[0][0] == pytest.approx(begin, abs=0.06)
    drawn = [time for time, bright in frames if bright]
    assert (drawn[0], drawn[-1]) == (pytest.approx(1.0, abs=0.06), pytest.approx(1.96, abs=0.06))
    mux(film, [cue], tmp_path / f"soft{suffix}")
    assert [(start, end) for start, end, _ in cues_of(tmp_path / f"soft{suffix}")] == [(1.0, 2.0)]
    assert shown(tmp_path / f"soft{suffix}")[0] == pytest.approx(begin, abs=0.06)
