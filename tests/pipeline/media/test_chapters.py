"""Chapters in films, as ffprobe and PyAV read them; what the film was stays what it was."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.errors import InputError, UsageError
from pipeline.media import mux
from pipeline.outline import Chapter
from pipeline.types import Track

CHAPTERS = (
    Chapter(start=0.0, end=1.2, title="Morning = noise; #1 \\ a"),
    Chapter(start=1.2, end=2.4, title="猫が窓辺に座る"),
    Chapter(start=2.4, end=9.0, title="Ends after the film"),
)


@pytest.fixture(scope="module")
def films(make: Callable[..., Path], film: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same film in three containers; the MKV has chapters of its own."""
    folder = tmp_path_factory.mktemp("containers")
    own = folder / "own.ffmeta"
    own.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=700\ntitle=Its own\n")
    return {
        ".mp4": film,
        ".mkv": make(folder / "film.mkv", "-i", film, "-i", own, "-map_chapters", "1", "-c", "copy"),
        ".webm": make(
            folder / "film.webm", "-i", film, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"
        ),
    }


def probed(path: Path) -> list[tuple[float, float, str]]:
    """The chapters as ffprobe tells them."""
    if (ffprobe := shutil.which("ffprobe")) is None:
        pytest.skip("there is no ffprobe on this machine (apt install ffmpeg)")
    said = subprocess.run([ffprobe, "-v", "error", "-show_chapters", "-of", "json", path], capture_output=True, check=True)
    found: list[dict[str, Any]] = json.loads(said.stdout)["chapters"]
    return [(round(float(one["start_time"]), 2), round(float(one["end_time"]), 2), one["tags"]["title"]) for one in found]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_a_player_finds_the_chapters_and_nothing_was_encoded(suffix: str, films: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / f"film.chaptered{suffix}"
    assert mux(films[suffix], [], out, chapters=CHAPTERS) == ()
    with av.open(str(films[suffix])) as before, av.open(str(out)) as after:
        end = after.duration / 1e6
        assert end == pytest.approx(before.duration / 1e6, abs=0.05)
        for kind in ("video", "audio"):
            assert [stream.codec_context.name for stream in getattr(after.streams, kind)] == [
                stream.codec_context.name for stream in getattr(before.streams, kind)
            ]
        packets = [bytes(packet) for packet in before.demux(video=0) if packet.size]
        assert [bytes(packet) for packet in after.demux(video=0) if packet.size] == packets
    found = probed(out)
    assert [(start, title) for start, _, title in found] == [(one.start, one.title) for one in CHAPTERS]
    assert [stop for _, stop, _ in found[:2]] == [1.2, 2.4]
    assert found[2][1] == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_with_a_track_both_are_there(suffix: str, films: dict[str, Path], track: Track, tmp_path: Path) -> None:
    out = tmp_path / f"film{suffix}"
    mux(films[suffix], [track], out, chapters=CHAPTERS[:2], default=True)
    assert [title for _, _, title in probed(out)] == [one.title for one in CHAPTERS[:2]]
    with av.open(str(out)) as after:
        assert len(after.streams.subtitles) == 1


def test_a_films_own_chapters_stay_where_none_are_given(films: dict[str, Path], track: Track, tmp_path: Path) -> None:
    mux(films[".mkv"], [track], tmp_path / "out.mkv")
    assert probed(tmp_path / "out.mkv") == [(0.5, 0.7, "Its own")]


@pytest.mark.parametrize(("suffix", "first", "told"), [(".mp4", 0.0, 2), (".mkv", 1.5, 1), (".webm", 1.5, 1)])
def test_chapters_that_a_film_can_not_hold_as_they_are_are_told(
    suffix: str, first: float, told: int, films: dict[str, Path], tmp_path: Path
) -> None:
    """The first of an MP4's begins with it: such a list was refused as damaged, ``2 chapters are in what was written, 2 should be``."""
    given = (
        Chapter(start=1.5, end=3, title="Late"),
        Chapter(start=3, end=9, title="In"),
        Chapter(start=60, end=70, title="After"),
    )
    held: list[Chapter] = []
    notices = mux(films[suffix], [], tmp_path / f"out{suffix}", chapters=given, on_chapters=held.extend)
    assert [(start, title) for start, _, title in probed(tmp_path / f"out{suffix}")] == [(first, "Late"), (3, "In")]
    assert [one.title for one in held] == ["Late", "In"]
    assert [notice.code for notice in notices] == ["chapters_changed"] * told
    assert notices[0].message.startswith("1 chapter begins after the film's end at 0:04")
    with pytest.raises(InputError, match="all chapters begin after"):
        mux(films[suffix], [], tmp_path / f"none{suffix}", chapters=given[2:])
    assert not (tmp_path / f"none{suffix}").exists()


def test_nothing_to_add_is_said(film: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        mux(film, [], tmp_path / "out.mp4")
    assert caught.value.code == "no_tracks"
