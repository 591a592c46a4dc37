"""A film file as a source: it is probed, read as the recipe says, and known for what it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bench.films import FilmSpec, write
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError
from pipeline.sources.film import FilmSource
from pipeline.video.children.pool import WorkerPool

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


def test_a_stretch_is_read_and_what_lies_behind_it_is_not(film: Path, pool: WorkerPool) -> None:
    source = FilmSource(film, pool)
    with source.windows(RECIPE, between=(1.0, 4.0)) as reading:
        assert [(window.index, window.start, window.end) for window in reading] == [(0, 0, 2), (1, 2, 4)]
        assert reading.position <= 4
    with source.windows(RECIPE, between=(5.0, 5.5)) as reading:
        assert [(window.start, window.end) for window in reading] == [(4, 6)]


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
