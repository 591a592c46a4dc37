"""How long the last picture of a film of standing ones is shown: as its own track says, wherever it is stored, or until the sound is over."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import av
import pytest
from patience import PATIENCE

from pipeline.families import parse
from pipeline.types import Notice
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import Film, open_film
from pipeline.video.probe import probe
from pipeline.video.standing import last_shown, stand

SHOWN = (0, 13, 26, 39, 52, 65, 66)
"""seconds at which a slide comes; each is a picture of a second, and the film 67 s long"""


OUT_OF_ORDER = ("libx264", "-pix_fmt", "yuv420p", "-x264-params", "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0")
IN_ORDER = ("libx264", "-pix_fmt", "yuv420p", "-bf", 0)


def deck(path: Path, *, sound: float = 0.0, shown: Sequence[int] = SHOWN, codec: Sequence[object] = OUT_OF_ORDER) -> Path:
    """Slides as a recorder writes them: a picture where something changes, none between; out of order the last one that is shown is not
    stored last."""
    chosen = "+".join(rf"eq(n\,{at})" for at in shown)
    pictures = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=1:d=67")
    heard = ("-f", "lavfi", "-i", f"sine=d={sound}") if sound else ()
    return ffmpeg(path, *pictures, *heard, "-vf", f"select={chosen}", "-fps_mode", "vfr", "-c:v", *codec)


def ffmpeg(path: Path, *words: object) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words), str(path)], check=True, timeout=PATIENCE)
    return path


def opened(path: Path, pool: WorkerPool) -> Film:
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform:count=2")
    return open_film(probe(path, pool=pool), rule=rule, sampler=sampler, size=(96, 54), pool=pool)


def read(path: Path, pool: WorkerPool) -> tuple[float, tuple[Notice, ...]]:
    with opened(path, pool) as film:
        windows = list(film)
    return windows[-1].end, film.notices


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_the_picture_that_is_shown_last_is_not_given_the_time_of_another(suffix: str, tmp_path: Path, pool: WorkerPool) -> None:
    end, told = read(deck(tmp_path / f"deck.{suffix}"), pool)
    assert end == pytest.approx(67, abs=0.1), "not 66 and the thirteen of the one that is stored last"
    assert not told


KINDS = {
    "mkv": OUT_OF_ORDER,
    "ts": OUT_OF_ORDER,
    "mp4": OUT_OF_ORDER,
    "mov": ("mpeg4",),
    "webm": ("libvpx-vp9", "-deadline", "realtime"),
    "avi": ("mpeg4",),
    "wmv": ("wmv2",),
    "flv": (*IN_ORDER, "-c:a", "aac"),
}


@pytest.mark.parametrize("suffix", KINDS)
def test_the_last_slide_is_shown_until_the_sound_is_over(suffix: str, tmp_path: Path, pool: WorkerPool) -> None:
    path = deck(tmp_path / f"deck.{suffix}", sound=90, shown=(*SHOWN[:-2], 66), codec=KINDS[suffix])
    with opened(path, pool) as film:
        windows = list(film)
    assert 65.9 < windows[-1].start < 67.1, "it has a window of its own; AVI counts in pictures of a second"
    assert windows[-1].end == pytest.approx(90, abs=0.2)
    assert not film.notices
    assert probe(path, pool=pool).duration == pytest.approx(90, abs=0.2), "so --from 1:20 lies within it"


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
def test_one_picture_under_sound_is_a_film_of_its_length(suffix: str, tmp_path: Path, pool: WorkerPool) -> None:
    path = ffmpeg(tmp_path / f"one.{suffix}", "-f", "lavfi", "-i", "sine=d=30", "-f", "lavfi", "-i", "testsrc2=r=1:d=1")
    assert read(path, pool) == (pytest.approx(30, abs=0.1), ())
    assert probe(path, pool=pool).duration == pytest.approx(30, abs=0.1)


def test_sound_behind_moving_pictures_is_no_part_of_the_film(tmp_path: Path, pool: WorkerPool) -> None:
    path = ffmpeg(tmp_path / "moving.mp4", "-f", "lavfi", "-i", "sine=d=30", "-f", "lavfi", "-i", "testsrc2=d=5")
    assert read(path, pool) == (pytest.approx(5, abs=0.1), ())
    assert probe(path, pool=pool).duration == pytest.approx(5, abs=0.1)


def test_slides_without_sound_end_as_they_did(tmp_path: Path, pool: WorkerPool) -> None:
    assert read(deck(tmp_path / "deck.mkv"), pool) == (pytest.approx(67, abs=0.1), ())


def test_slides_that_are_lost_are_told_though_there_is_sound(tmp_path: Path, pool: WorkerPool) -> None:
    """Of the picture's stream nothing comes any more, and its head tells of more: what is shown at the end is not known."""
    deck(tmp_path / "deck.mkv", sound=90, codec=IN_ORDER)
    path = ffmpeg(tmp_path / "lost.mkv", "-i", tmp_path / "deck.mkv", "-c", "copy", "-bsf:v", "noise=drop='gt(n,3)'")
    with av.open(str(path)) as container:
        told = container.streams.video[0].metadata["DURATION"]
    data = path.read_bytes()
    assert data.count(told.encode()) == 1
    path.write_bytes(data.replace(told.encode(), b"00:01:07.000000000"))
    end, notices = read(path, pool)
    assert end < 60
    assert [one.code for one in notices] == ["partial"]


@pytest.mark.parametrize(
    ("times", "stands"),
    [([], False), ([3.0], True), ([0.0, 1.0, 2.0], False), ([0.0, 1.1, 2.2], True), ([0.0, 0.04, 30.0], True)],
)
def test_pictures_stand_where_most_are_more_than_a_second_apart(times: list[float], stands: bool) -> None:
    assert stand(times) is stands


def test_silence_that_fills_up_the_last_frame_of_sound_makes_no_picture_longer() -> None:
    assert last_shown([0.0, 10.0], 12.0, 12.02) == 12.0
    assert last_shown([0.0, 10.0], 12.0, 12.2) == 12.2
    assert last_shown([0.0, 10.0], 12.0, 0.0) == 12.0
    assert last_shown([0.0, 0.04], 0.08, 12.0) == 0.08
