"""Two films put one behind the other in one file (``cat a.mp4 b.mp4``): what every player leaves out is told, with where it is."""

import re
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from pipeline.families import parse
from pipeline.media import Encoding, burn, mux
from pipeline.types import Cue, Notice, Track
from pipeline.video.behind import behind
from pipeline.video.film import open_film
from pipeline.video.probe import probe

Make = Callable[..., Path]
TWO = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)), Cue(start=1.2, end=1.8, lines=("Two",))))
KINDS = {
    "index behind": ("film.mp4",),
    "index in front": ("film.mp4", "-movflags", "+faststart"),
    "QuickTime": ("film.mov",),
    "FLV": ("film.flv",),
}


def pair(make: Make, folder: Path, kind: str) -> tuple[Path, bytes]:
    """A film of 2 s with one of 3 s behind it, and the second one's bytes."""
    name, *options = KINDS[kind]
    data = []
    for seconds in (2, 3):
        picture = ("-f", "lavfi", "-i", f"testsrc2=s=160x120:d={seconds}:r=25,format=yuv420p")
        made = make(folder / f"{seconds}-{name}", *picture, "-c:v", "libx264", "-preset", "ultrafast", *options)
        data.append(made.read_bytes())
    both = folder / name
    both.write_bytes(b"".join(data))
    return both, data[1]


def told(notices: tuple[Notice, ...]) -> str:
    (one,) = [notice.message for notice in notices if notice.code == "partial"]
    assert "another film begins behind it" in one
    return one


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_film_is_told_and_can_be_had(kind: str, make: Make, tmp_path: Path) -> None:
    film, second = pair(make, tmp_path, kind)
    with open_film(
        probe(film), rule=parse("windows", "fixed:seconds=1"), sampler=parse("samplers", "uniform:count=1"), size=(64, 48)
    ) as read:
        windows = list(read)
    assert windows[-1].end == pytest.approx(2.0, abs=0.05)
    found = re.search(r"tail -c \+(\d+)", told(read.notices))
    assert found is not None
    assert film.read_bytes()[int(found[1]) - 1 :] == second
    burned, soft = tmp_path / "burned.mkv", tmp_path / "soft.mkv"
    told(burn(film, TWO, burned, encoding=Encoding(preset="ultrafast")))
    told(mux(film, [TWO], soft))
    for out in (burned, soft):
        with av.open(str(out)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 50


@pytest.mark.parametrize(
    ("name", "options"),
    [("film.mp4", ()), ("film.mp4", ("-movflags", "+frag_keyframe+empty_moov")), ("film.flv", ()), ("film.mkv", ())],
)
def test_a_film_by_itself_has_none(name: str, options: tuple[str, ...], make: Make, tmp_path: Path) -> None:
    film = make(
        tmp_path / name, "-f", "lavfi", "-i", "testsrc2=s=160x120:d=2:r=25,format=yuv420p", "-g", 10, "-c:v", "libx264", *options
    )
    container = {"mp4": "mov", "flv": "flv", "mkv": "matroska"}[film.suffix[1:]]
    assert behind(film, container, 2.0) == ()
    data = film.read_bytes()
    for cut in (len(data) // 2, len(data) - 3, 20, 3, 0):
        film.write_bytes(data[:cut])
        assert behind(film, container, 2.0) == ()


def test_an_index_that_stands_twice_for_safety_is_no_second_film(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x120:d=2:r=25,format=yuv420p", "-c:v", "libx264")
    data = film.read_bytes()
    film.write_bytes(data + data[data.index(b"moov") - 4 :])
    assert behind(film, "mov", 2.0) == ()
