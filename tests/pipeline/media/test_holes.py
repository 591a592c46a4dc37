"""Films with a hole in their middle: zeros, where a disk or a download in parts lost bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.media import Encoding, burn, mux
from pipeline.types import Cue, Notice, Track

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))
INPUTS = ("-f", "lavfi", "-i", "testsrc2=s=160x120:d=4:r=25,format=yuv420p", "-f", "lavfi", "-i", "sine=d=4")
CODECS = ("-c:v", "libx264", "-g", 25, "-preset", "ultrafast", "-c:a", "aac")


def partial(notices: tuple[Notice, ...]) -> list[Notice]:
    return [notice for notice in notices if notice.code == "partial"]


def holed(film: Path) -> None:
    """The middle third of its bytes becomes zeros."""
    data = bytearray(film.read_bytes())
    begin, end = (len(data) * n // 3 // 188 * 188 for n in (1, 2))
    data[begin:end] = bytes(end - begin)
    film.write_bytes(data)


@pytest.mark.parametrize("name", ["film.mkv", "film.ts", "film.flv"])
def test_a_hole_is_told_with_its_seconds(name: str, make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / name, *INPUTS, *CODECS)
    assert not partial(mux(film, [ONE], tmp_path / "whole.mkv"))
    holed(film)
    for told in (mux(film, [ONE], tmp_path / "soft.mkv"), burn(film, ONE, tmp_path / "burned.mkv", encoding=QUICK)):
        (hole,) = [notice for notice in partial(told) if "the file is damaged at" in notice.message]
        assert hole.start is not None
        assert hole.end is not None
        assert 0.5 < hole.start < hole.end - 0.5 < 3.5


def test_what_an_index_still_finds_in_a_hole_is_told_too(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *INPUTS, *CODECS)
    holed(film)
    (hole,) = partial(mux(film, [ONE], tmp_path / "soft.mp4"))
    assert hole.message == "the file is damaged: what can be read of it was written"
    assert partial(burn(film, ONE, tmp_path / "burned.mp4", encoding=QUICK))


def test_a_screen_on_which_nothing_moved_is_no_hole(make: Make, tmp_path: Path) -> None:
    """A recording that was ended hard: zeros behind it, and a stretch without pictures while its sound goes on."""
    still = (*INPUTS[:3], f"{INPUTS[3]},select='lt(n,25)+gt(n,75)'", *INPUTS[4:], "-fps_mode", "vfr")
    film = make(tmp_path / "film.mkv", *still, *CODECS, "-live", 1)
    film.write_bytes(film.read_bytes() + bytes(4096))
    assert not [notice for notice in partial(mux(film, [ONE], tmp_path / "soft.mkv")) if "damaged at" in notice.message]
