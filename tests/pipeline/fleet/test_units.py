"""A film's units together are the film: the same windows with the same pictures as in one process."""

import asyncio
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import families
from pipeline.bench.films import FilmSpec, make_films
from pipeline.captioning.recipe import Recipe
from pipeline.describe import Observer
from pipeline.fleet import units
from pipeline.fleet.units import stretches, units_of
from pipeline.inputs import Film
from pipeline.options.caption import Settings
from pipeline.part import Part
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from pipeline.types import Window
from pipeline.video.film import open_film
from pipeline.video.probe import probe

FIXED = Recipe(model="shapes", windows="fixed:seconds=8")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = FilmSpec(seconds=30, width=160, height=90, seed=5)
    return make_films(tmp_path_factory.mktemp("films"), [spec], at_once=1)[0]


@given(st.floats(0, 1e6))
def test_stretches_are_the_whole_film_without_a_gap(duration: float) -> None:
    found = stretches(duration, FIXED)
    if found == [None]:
        assert duration <= 1.5 * units.STRETCH
        return
    assert found[0][0] == 0.0
    assert found[-1][1] == math.inf, "a film may be longer than it says"
    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))
    assert all(0.6 * units.STRETCH < end - start < 1.4 * units.STRETCH for start, end in found[:-1])


@pytest.mark.parametrize(
    "recipe",
    [
        FIXED.changed(windows="scenes"), FIXED.changed(skip_static=True), FIXED.changed(part=Part(60.0, 5000.0)),
    ],
)  # fmt: skip
def test_what_depends_on_what_was_seen_before_stays_whole(recipe: Recipe) -> None:
    assert stretches(36_000, recipe) == [None]
    assert len(stretches(36_000, FIXED)) == 120


@pytest.mark.parametrize("rule", ["fixed:seconds=2", "fixed:seconds=3,overlap=1", "fixed:seconds=0.7"])
@pytest.mark.parametrize("sampler", ["uniform:count=3", "keyframes:count=4"])
def test_the_windows_of_all_units_are_those_of_the_film(
    film: Path, rule: str, sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "STRETCH", 7.0)
    info = probe(film)
    recipe = FIXED.changed(windows=rule, sampler=sampler)

    def read(stretch: Any) -> list[Window]:
        how = {"rule": families.parse("windows", rule), "sampler": families.parse("samplers", sampler), "size": (32, 32)}
        with open_film(info, **how, stretch=stretch) as opened:
            return list(opened)

    whole, parts = read(None), [read(unit.stretch) for unit in units_of(info, recipe, {})]
    assert len(parts) > 3
    assert all(parts), "each has some"
    joined = [window for part in parts for window in part]
    assert [(window.start, window.end, window.frames.times) for window in joined] == [
        (window.start, window.end, window.frames.times) for window in whole
    ]
    assert all(np.array_equal(a.frames.data, b.frames.data) for a, b in zip(joined, whole, strict=True))


async def test_a_long_film_is_described_by_two_hosts_as_by_one_process(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "STRETCH", 7.0)
    films = (Film(film, Path(film.name)),)
    options = {"engine": "echo", "model": "shapes", "windows": "fixed:seconds=1", "decode_workers": 1}

    class Told:
        def observer(self, film: Film) -> Observer:
            return Observer()

        def finished(self, film: Film, result: Any) -> None: ...

        def failed(self, name: Any, error: Exception) -> None:
            raise error

    async def described(name: str, **more: Any) -> Any:
        async with Studio(Settings(**options, output_dir=tmp_path / name, **more)) as studio:
            await asyncio.wait_for(describe_all(films, plan_outputs(films, studio), studio, Told()), 120)
            hosts = studio.host.coordinator.hosts if more else ()  # type: ignore[attr-defined]
            assert all(host.starts for host in hosts), "both had a stretch"
        document = json.loads((tmp_path / name / f"{film.stem}.descriptions.json").read_text())
        stats = {key: document["stats"][key] for key in ("windows", "asked", "frames", "prompt_tokens")}
        return {**document, "stats": stats}

    assert await described("many", hosts=2) == await described("one")
