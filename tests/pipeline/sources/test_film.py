"""A film file as a source: it is probed, read as the recipe says, and known for what it was."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest

from pipeline.bench.films import FilmSpec, write
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError
from pipeline.sources.film import FilmSource
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import Film

RECIPE = Recipe(model="m", windows="fixed:seconds=2", sampler="uniform:count=2")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(most=1)
    yield made
    made.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    write(path, FilmSpec(seconds=8, width=160, height=90, fps=10, gop=10))
    return path


def test_windows_and_their_pictures_are_the_recipes(film: Path, pool: WorkerPool) -> None:
    source = FilmSource(film, pool)
    info = source.probe()
    with source.windows(RECIPE, known={(2.0, 4.0)}) as reading:
        found = [(window.start, window.end, len(window.frames)) for window in reading]
    assert found == [(0, 2, 2), (2, 4, 0), (4, 6, 2), (6, 8, 2)]
    assert (info.width, info.height, source.changed()) == (160, 90, "same")
    with source.windows(RECIPE.changed(windows="fixed:seconds=4", sampler="uniform:count=3")) as reading:
        assert [len(window.frames) for window in reading] == [3, 3], "another recipe, the same source"


def test_a_stretch_is_read_as_though_it_were_the_film(film: Path, pool: WorkerPool) -> None:
    source = FilmSource(film, pool)
    with source.windows(RECIPE, between=(1.5, 4.25)) as reading:
        found = [(window.index, window.start, window.end, window.frames.times) for window in reading]
        assert reading.position <= 4.25
    assert found == [(0, 1.5, 3.5, (2.0, 3.0)), (1, 3.5, 4.25, (3.6, 4.0))]
    with source.windows(RECIPE, between=(7.0, 1e9)) as reading:
        assert [(window.start, window.end) for window in reading] == [(7, 8)], "it ends with the film"
    with source.windows(RECIPE, between=(8.0, 9.0)) as reading, pytest.raises(InputError, match="range_past_the_end"):
        list(reading)


@pytest.mark.parametrize("rule", ["fixed:seconds=1", "scenes:min=0.5,max=2"])
@pytest.mark.parametrize("sampler", ["uniform:count=2", "rate:fps=2", "keyframes:count=2", "keyframes:count=2,fill=no"])
def test_a_stretch_inside_a_group_of_pictures_is_whole(tmp_path: Path, pool: WorkerPool, rule: str, sampler: str) -> None:
    path = tmp_path / "long.mp4"
    write(path, FilmSpec(seconds=8, width=160, height=90, fps=10, gop=60))
    with FilmSource(path, pool).windows(RECIPE.changed(windows=rule, sampler=sampler), between=(2.3, 3.5)) as reading:
        windows = list(reading)
    assert (windows[0].start, windows[-1].end) == (2.3, 3.5)
    assert all(before.end == after.start for before, after in pairwise(windows))
    assert all(2.2 <= time < 3.5 for window in windows for time in window.frames.times), "the picture at 2.3 s came at 2.3"
    assert all(len(window.frames) for window in windows), "a window without a keyframe has the picture that it begins with"


def test_what_lies_before_a_stretch_is_not_decoded(tmp_path: Path, pool: WorkerPool) -> None:
    path = tmp_path / "long.mp4"
    write(path, FilmSpec(seconds=60, width=160, height=90, fps=10, gop=10))
    for rule in ("fixed:seconds=1", "scenes:min=0.5,max=2"):
        with FilmSource(path, pool).windows(RECIPE.changed(windows=rule), between=(50.0, 52.0)) as reading:
            assert min([window.start for window in reading]) == 50.0
            assert cast(Film, reading).frames_decoded <= 45, "two seconds, and at most a group of pictures at each side"


def test_what_became_of_it(film: Path, pool: WorkerPool) -> None:
    source = FilmSource(film, pool)
    with pytest.raises(InputError, match="not_found"):
        source.changed()
    source.probe()
    with film.open("ab") as file:
        file.write(b"\0")
    assert source.changed() == "changed"
    source.probe()
    assert source.changed() == "same"
    film.unlink()
    assert source.changed() == "vanished"
