"""Soft tracks: read back as they were meant, everything else kept, nothing encoded again."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline import formats
from pipeline.errors import InputError, OutputError, UsageError
from pipeline.media import Encoding, Ffmpeg, burn, mux, muxed_suffix
from pipeline.types import Cue, Track

HOSTILE = Track(
    cues=(
        Cue(start=0.5, end=1.5, lines=("A {\\an8}man <b>runs</b> & \\N jumps -->", "猫 👨‍👩‍👧‍👦 مرحبا")),
        Cue(start=2.0, end=3.0, lines=("42",)),
    ),
    language="pt-BR",
    title="Descrições: \"a\"='b'\\c",
)


def streams(path: Path) -> list[dict[str, Any]]:
    with av.open(str(path)) as container:
        return [
            {
                "type": stream.type,
                "codec": stream.codec_context.name if stream.codec_context else stream.type,
                "language": stream.metadata.get("language"),
                "title": stream.metadata.get("title") or stream.metadata.get("handler_name"),
                "default": bool(stream.disposition & av.stream.Disposition.default),
                "descriptions": bool(stream.disposition & av.stream.Disposition.descriptions),
                "impaired": bool(stream.disposition & av.stream.Disposition.visual_impaired),
            }
            for stream in container.streams
        ]


def subtitles(path: Path) -> list[dict[str, Any]]:
    return [stream for stream in streams(path) if stream["type"] == "subtitle"]


def text_of(ffmpeg: Ffmpeg, path: Path, number: int, form: str) -> list[tuple[float, float, str]]:
    """A track of a film as ffmpeg gives it out."""
    options = [
        "-map",
        f"0:s:{number}",
        *(("-c", "copy") if path.suffix != ".mp4" else ()),
        "-f",
        {"vtt": "webvtt"}.get(form, form),
        "-",
    ]
    said = subprocess.run([ffmpeg.path, "-v", "error", "-i", path, *options], capture_output=True, check=True)
    return [(cue.start, cue.end, cue.text) for cue in formats.read(form, said.stdout.decode()).cues]


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


@pytest.fixture(scope="module")
def webm(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("webm") / "film.webm"
    return make(
        path,
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=25:d=4",
        "-f",
        "lavfi",
        "-i",
        "sine=d=4",
        "-c:v",
        "libvpx",
        "-c:a",
        "libopus",
    )


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".webm"])
def test_text_times_language_and_flags(suffix: str, film: Path, webm: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = webm if suffix == ".webm" else film
    out = tmp_path / f"out{suffix}"
    notices = mux(source, [HOSTILE], out)
    (found,) = subtitles(out)
    assert found["codec"] in {".mkv": ("srt", "subrip"), ".mp4": ("mov_text",), ".webm": ("webvtt",)}[suffix]
    assert found["language"] == ("por" if suffix == ".mp4" else "pt-BR")
    assert found["title"] == HOSTILE.title
    assert found["descriptions"]
    if suffix == ".mp4":
        assert [notice.code for notice in notices] == ["default_track"]
        assert found["impaired"]
    else:
        assert notices == ()
        assert not found["default"], "it is the viewer who switches it on"
    back = text_of(ffmpeg, out, 0, "vtt" if suffix == ".webm" else "srt")
    assert [text for *_, text in back] == [cue.text for cue in HOSTILE.cues]
    shift = back[0][0] - 0.5  # the film's first sound may lie before 0; then the whole film is later by that
    assert 0 <= shift < 0.05
    assert [(round(start - shift, 3), round(end - shift, 3)) for start, end, _ in back] == [(0.5, 1.5), (2.0, 3.0)]
    for kind in ("video", "audio"):
        assert packets(out, kind) == packets(source, kind), "copied"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_several_languages_at_once(suffix: str, film: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    tracks = [replace(HOSTILE, language=language, title=language) for language in ("en", "zh-Hans", "ja")]
    out = tmp_path / f"out{suffix}"
    mux(film, tracks, out)
    assert [track["language"] for track in subtitles(out)] == (
        ["eng", "zho", "jpn"] if suffix == ".mp4" else ["en", "zh-Hans", "ja"]
    )
    assert [track["title"] for track in subtitles(out)] == ["en", "zh-Hans", "ja"]
    assert [text for *_, text in text_of(ffmpeg, out, 2, "srt")] == [cue.text for cue in HOSTILE.cues]


def test_existing_tracks_chapters_and_attachments_stay(film: Path, make: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "old.ass").write_text(formats.write("ass", HOSTILE), encoding="utf-8")
    (tmp_path / "font.ttf").write_bytes(b"not really")
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\ntitle=The film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n"
    )
    rich = make(
        tmp_path / "rich.mkv", "-i", film, "-i", tmp_path / "old.ass", "-i", tmp_path / "chapters.txt", "-map", "0", "-map", "1", "-map", "0:a",
        *("-map_metadata", 2, "-c", "copy", "-attach", tmp_path / "font.ttf", "-metadata:s:t", "mimetype=font/ttf"),
        *("-metadata:s:s:0", "language=fr", "-disposition:s:0", "default", "-metadata:s:a:1", "language=de"),
    )  # fmt: skip
    out = tmp_path / "out.mkv"
    assert mux(rich, [HOSTILE], out) == ()
    assert [stream["type"] for stream in streams(out)].count("audio") == 2
    assert "attachment" in [stream["type"] for stream in streams(out)]
    old, new = subtitles(out)
    assert old["codec"] in ("ass", "ssa")
    assert old["default"]
    assert (new["language"], new["default"]) == ("pt-BR", False)
    with av.open(str(out)) as container:
        assert container.metadata["title"] == "The film"
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["One"]
    narrow = tmp_path / "out.mp4"
    codes = [notice.code for notice in mux(rich, [HOSTILE], narrow)]
    assert codes.count("stream_converted") == 1, "the ASS track"
    assert codes.count("stream_left_out") == 1, "the font"
    assert len(subtitles(narrow)) == 2


def test_default_on_request(film: Path, tmp_path: Path) -> None:
    mux(film, [HOSTILE, HOSTILE], tmp_path / "out.mkv", default=True)
    assert [track["default"] for track in subtitles(tmp_path / "out.mkv")] == [True, False]


@pytest.mark.parametrize("name", ["we\"ird'.mkv", "a:b,[c];d=e.mkv", "new\nline.mkv", b"b\xffd.mkv", "-y.mkv", "%d.mkv"])
def test_names_of_any_kind(name: str | bytes, film: Path, tmp_path: Path) -> None:
    video, out = tmp_path / os.fsdecode(name), tmp_path / ("out " + os.fsdecode(name))
    video.symlink_to(film)
    mux(video, [HOSTILE], out)
    assert len(subtitles(Path(f"/proc/self/fd/{os.open(out, os.O_RDONLY)}"))) == 1


def test_what_can_not_be(film: Path, tmp_path: Path, make: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="no subtitle track"):
        mux(film, [], tmp_path / "o.mkv")
    with pytest.raises(InputError):
        mux(tmp_path / "no.mp4", [HOSTILE], tmp_path / "o.mkv")
    windows = make(tmp_path / "a.mkv", "-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-c:v", "wmv2")
    with pytest.raises(OutputError) as caught:
        mux(windows, [HOSTILE], tmp_path / "o.mp4")
    assert caught.value.code == "container_cannot"
    assert ".mkv" in caught.value.message
    with pytest.raises(OutputError) as caught:
        mux(windows, [HOSTILE], tmp_path / "o.webm")
    assert caught.value.code == "container_cannot"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_a_file_whose_name_asks_for_it_is_switched_on_unless_default_does(film: Path, tmp_path: Path) -> None:
    plain = replace(HOSTILE, language="en", flags=frozenset())
    named = replace(HOSTILE, language="de", flags=frozenset({"default", "forced"}))
    other = replace(HOSTILE, language="fr", flags=frozenset({"default"}))
    for asked, on in ((False, [False, True, False]), (True, [True, False, False])):
        out = tmp_path / f"{asked}.mkv"
        mux(film, [plain, named, other], out, default=asked)
        assert [found["default"] for found in subtitles(out)] == on


@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
def test_cues_keep_their_places(suffix: str, film: Path, webm: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    track = formats.parse(
        "srt", "1\n00:00:00,500 --> 00:00:01,000\n{\\an8}Top\n\n2\n00:00:02,000 --> 00:00:03,000\nBottom\n"
    ).track
    out, form = tmp_path / f"soft{suffix}", "vtt" if suffix == ".webm" else "srt"
    mux(webm if suffix == ".webm" else film, [track], out)
    back = tmp_path / f"back.{form}"
    subprocess.run([ffmpeg.path, "-v", "error", "-i", out, "-map", "0:s:0", "-c", "copy", back], check=True)
    read = formats.parse(form, back.read_text(encoding="utf-8")).track
    assert [(cue.text, cue.top is True) for cue in read.cues] == [("Top", True), ("Bottom", False)]


def test_pictures_without_a_codec_are_copied(make: Callable[..., Path], tmp_path: Path) -> None:
    """Old captures: ffmpeg writes them into Matroska only when it is told to."""
    source = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=2,format=bgr24", "-c:v", "rawvideo")
    film = make(tmp_path / "film.avi", *source)
    mux(film, [Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))], tmp_path / "out.mkv")
    with av.open(str(film)) as before, av.open(str(tmp_path / "out.mkv")) as after:
        pairs = zip(before.decode(video=0), after.decode(video=0), strict=True)
        assert all((one.to_ndarray(format="rgb24") == other.to_ndarray(format="rgb24")).all() for one, other in pairs)


@pytest.mark.parametrize(("codec", "form"), [("qtrle", "rgb24"), ("smc", "pal8")])
def test_what_matroska_does_not_tell_a_decoder_is_refused(
    codec: str, form: str, make: Callable[..., Path], tmp_path: Path
) -> None:
    source = ("-f", "lavfi", "-i", f"testsrc=s=64x48:r=5:d=2,format={form}", "-c:v", codec)
    film, track = make(tmp_path / "film.mov", *source), Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))
    with pytest.raises(OutputError, match=r"\.mov") as caught:
        mux(film, [track], tmp_path / "out.mkv")
    assert caught.value.code == "container_cannot"
    assert muxed_suffix(film) == ".mov", "a film that only MOV holds is MOV without being asked"
    mux(film, [track], tmp_path / "out.mov")
    with av.open(str(tmp_path / "out.mov")) as container:
        assert len(list(container.decode(video=0))) == 10


def test_realmedia_is_refused_with_what_to_do(make: Callable[..., Path], tmp_path: Path) -> None:
    film = make(tmp_path / "film.rm", "-f", "lavfi", "-i", "testsrc=s=64x48:r=5:d=2,format=yuv420p", "-c:v", "rv20")
    with pytest.raises(OutputError, match="burn it") as caught:
        mux(film, [Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))], tmp_path / "out.mkv")
    assert caught.value.code == "container_cannot"


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("default", [True, False])
def test_of_the_subtitles_one_is_switched_on_where_ours_shall_be(
    default: bool, suffix: str, make: Callable[..., Path], track: Track, tmp_path: Path
) -> None:
    text = tmp_path / "text.srt"
    text.write_text("1\n00:00:00,500 --> 00:00:01,500\nDzień dobry\n\n", encoding="utf-8")
    picture = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=3,format=yuv420p", "-i", text, "-map", 0, "-map", 1)
    codec = "srt" if suffix == ".mkv" else "mov_text"
    film = make(tmp_path / f"film{suffix}", *picture, "-c:v", "libx264", "-c:s", codec, "-disposition:s:0", "default+forced")
    mux(film, [track], tmp_path / f"out{suffix}", default=default)
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        flags = [(bool(one.disposition & 1), bool(one.disposition & 64)) for one in container.streams.subtitles]
    assert flags == [(not default, True), (default, False)]


@pytest.mark.parametrize(("video", "sound"), [("libx265", "aac"), ("libx264", "eac3"), ("libx264", "libmp3lame")])
def test_an_m4v_holds_what_an_mp4_holds(video: str, sound: str, make: Callable[..., Path], track: Track, tmp_path: Path) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=3,format=yuv420p", "-f", "lavfi", "-i", "sine=d=3:r=48000")
    film, out = make(tmp_path / "film.mp4", *picture, "-c:v", video, "-preset", "ultrafast", "-c:a", sound), tmp_path / "out.m4v"
    assert "stream_converted" not in [notice.code for notice in mux(film, [track], out)]
    with av.open(str(film)) as before, av.open(str(out)) as after:
        names = [[stream.codec_context.codec.canonical_name for stream in film.streams.get(0, 1)] for film in (before, after)]
    assert names[0] == names[1]
    burn(film, track, out, encoding=Encoding(encoder=video, preset="ultrafast", crf=30))
    with av.open(str(out)) as burned:
        assert [stream.codec_context.codec.canonical_name for stream in burned.streams.get(0, 1)] == names[0]
