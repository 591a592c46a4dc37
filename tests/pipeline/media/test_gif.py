"""GIFs as browsers and players show them: short and missing delays are 100 ms, and a GIF ends with its trailer, for captions and copies alike."""

import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import av
import imageio_ffmpeg
import pytest
from PIL import Image, ImageDraw

from pipeline.families import parse
from pipeline.media import Encoding, burn, mux
from pipeline.media.preview import preview
from pipeline.types import Cue, Notice, Track
from pipeline.video.film import open_film
from pipeline.video.gif import as_shown, changes
from pipeline.video.probe import probe

ONE = Track(cues=(Cue(start=0.0, end=0.15, lines=("One",)),))
DELAYS = {
    "none": ([0] * 12, [10] * 12),
    "10 ms": ([1] * 12, [10] * 12),
    "20 ms": ([2] * 12, [2] * 12),
    "mixed": ([0, 1, 2, 3, 10, 50, 1, 0], [10, 10, 2, 3, 10, 50, 10, 10]),
    "as told": ([4, 11, 200, 5], [4, 11, 200, 5]),
}
"""hundredths of a second of each picture: as they are stored, and as Chrome, Firefox, Safari and mpv show them"""


def gif(path: Path, delays: Sequence[int], *, untold: Sequence[int] = ()) -> Path:
    """A GIF of 64x48; of the pictures that are ``untold`` no delay is told."""
    pictures = []
    for number in range(len(delays)):
        picture = Image.new("RGB", (64, 48), "black")
        ImageDraw.Draw(picture).rectangle([2 * number, 5, 2 * number + 20, 30], fill=("red", "lime", "blue")[number % 3])
        pictures.append(picture.quantize(8))
    made = io.BytesIO()
    times = [10 * delay for delay in delays]
    pictures[0].save(made, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0, disposal=1, optimize=False)
    head, *rest = made.getvalue().split(b"\x21\xf9\x04")
    assert len(rest) == len(delays)
    path.write_bytes(head + b"".join(one[5:] if n in untold else b"\x21\xf9\x04" + one for n, one in enumerate(rest)))
    return path


def described(film: Path) -> tuple[list[float], float, tuple[Notice, ...]]:
    """Times of all pictures as captions count them, when the last one ends, and what is told."""
    with open_film(
        probe(film), rule=parse("windows", "fixed:seconds=1000"), sampler=parse("samplers", "uniform:count=1000"), size=(64, 48)
    ) as read:
        (window,) = list(read)
    return [frame.time for frame in window.frames], window.end, read.notices


def copied(film: Path) -> list[float]:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        return [float(frame.pts * stream.time_base) for frame in container.decode(stream)]


@pytest.fixture(params=["the ffmpeg that is found", "the newest ffmpeg"])
def of_each_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "newest" in request.param:
        monkeypatch.setenv("SCENESCRIBE_FFMPEG", imageio_ffmpeg.get_ffmpeg_exe())


@pytest.mark.usefixtures("of_each_kind")
@pytest.mark.parametrize("kind", DELAYS)
def test_captions_burned_and_copied_films_have_the_times_that_viewers_see(kind: str, tmp_path: Path) -> None:
    stored, shown = DELAYS[kind]
    film = gif(tmp_path / "film.gif", stored)
    before = film.read_bytes()
    *expected, end = (n / 100 for n in itertools.accumulate(shown, initial=0))
    times, ends, told = described(film)
    assert times == pytest.approx(expected, abs=0.002)
    assert ends == pytest.approx(end, abs=0.002)
    assert probe(film).duration == pytest.approx(end, abs=0.002)
    assert not [one for one in told if one.code in ("partial", "timestamps_repaired")]
    burn(film, ONE, tmp_path / "burned.mp4", encoding=Encoding(preset="ultrafast"))
    # where a text comes or goes between two pictures, the one that stands is drawn once more
    burned = copied(tmp_path / "burned.mp4")
    assert [time for time in expected if min(abs(time - other) for other in burned) > 0.002] == []
    assert len(burned) <= len(expected) + 2 * len(ONE.cues)
    mux(film, [ONE], tmp_path / "soft.mkv")
    assert copied(tmp_path / "soft.mkv") == pytest.approx(expected, abs=0.002)
    assert film.read_bytes() == before


@pytest.mark.usefixtures("of_each_kind")
def test_a_gif_in_matroska_is_burned_and_copied_picture_by_picture(tmp_path: Path) -> None:
    film = gif(tmp_path / "film.gif", [10] * 20)
    mux(film, [ONE], tmp_path / "first.mkv")
    burn(tmp_path / "first.mkv", ONE, tmp_path / "burned.mp4", encoding=Encoding(preset="ultrafast"))
    mux(tmp_path / "first.mkv", [ONE], tmp_path / "second.mkv")
    preview(tmp_path / "first.mkv", tmp_path / "preview.mp4")
    expected = [n / 10 for n in range(20)]
    assert len(copied(tmp_path / "preview.mp4")) == len(expected)
    burned = copied(tmp_path / "burned.mp4")
    assert [time for time in expected if min(abs(time - other) for other in burned) > 0.002] == []
    assert copied(tmp_path / "second.mkv") == pytest.approx(expected, abs=0.002)


def test_a_picture_without_a_delay_does_not_get_that_of_the_one_before(tmp_path: Path) -> None:
    film = gif(tmp_path / "film.gif", [5, 50, 7, 8], untold=[2])
    times, end, _ = described(film)
    assert [*times, end] == pytest.approx([0, 0.05, 0.55, 0.65, 0.73], abs=0.002)


@pytest.mark.usefixtures("of_each_kind")
def test_of_two_in_one_file_the_first_is_read_and_the_second_told(tmp_path: Path) -> None:
    first, second = gif(tmp_path / "1.gif", [10] * 10), gif(tmp_path / "2.gif", [1, 20, 20])
    film = tmp_path / "film.gif"
    film.write_bytes(first.read_bytes() + second.read_bytes())
    times, end, notices = described(film)
    assert len(times) == 10
    assert end == pytest.approx(1.0, abs=0.002)
    told = {
        "": notices,
        "burned.mkv": burn(film, ONE, tmp_path / "burned.mkv"),
        "soft.mkv": mux(film, [ONE], tmp_path / "soft.mkv"),
    }
    for name, some in told.items():
        (one,) = [notice.message for notice in some if notice.code == "partial"]
        assert f"'tail -c +{first.stat().st_size + 1} FILE' is the rest" in one
        assert not name or copied(tmp_path / name)[-1] == pytest.approx(0.9, abs=0.002)


def test_what_is_no_gif_behind_the_trailer_is_left_out_without_a_word(tmp_path: Path) -> None:
    film = gif(tmp_path / "film.gif", [10] * 10)
    film.write_bytes(film.read_bytes() + b"made by a camera" * 100)
    times, _, told = described(film)
    assert len(times) == 10
    assert not [one for one in told if one.code == "partial"]


def test_a_file_as_it_is_shown_reads_the_same_in_pieces_of_any_size(tmp_path: Path) -> None:
    film = gif(tmp_path / "film.gif", [0, 1, 2, 50, 1], untold=[3])
    with film.open("rb") as file:
        shown = as_shown(file.fileno())
        assert shown is not None
        whole = shown.read()
        assert len(whole) == film.stat().st_size + 8
        for size in (1, 7, 1000):
            shown.seek(0)
            assert b"".join(iter(lambda size=size: shown.read(size), b"")) == whole
        assert shown.seek(-3, io.SEEK_END) == len(whole) - 3
        assert shown.read(10) == whole[-3:]


def test_what_breaks_off_is_followed_so_far(tmp_path: Path) -> None:
    film = gif(tmp_path / "film.gif", [1] * 5)
    data = film.read_bytes()
    seen = []
    for cut in (0, 3, 6, 12, 13, 300, 500, len(data) - 1):
        film.write_bytes(data[:cut])
        with film.open("rb") as file:
            found = changes(file.fileno())
            seen.append(len(found.delays) if found else None)
            assert found is None or (found.end, found.behind) == (cut, None)
    assert seen[:5] == [None, None, 0, 0, 0]
    assert seen == [None, None, *sorted(seen[2:])]
    assert seen[-1] == 5
    times, end, _ = described(film)
    assert [*times, end] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5], abs=0.002)
