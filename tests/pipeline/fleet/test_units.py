"""A film's units together are the film: the same windows with the same pictures as in one process."""

import asyncio
import itertools
import json
import math
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from pipeline import families
from pipeline.bench.films import FilmSpec, make_films
from pipeline.captioning.recipe import Recipe
from pipeline.fleet import messages, units
from pipeline.fleet.job import Job
from pipeline.fleet.units import stretches, units_of
from pipeline.inputs import Film
from pipeline.observing import Observer
from pipeline.options.caption import Settings
from pipeline.part import Part
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from pipeline.types import Caption, Window
from pipeline.video.children.pool import WorkerPool
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
    spans = [(one.start, one.end) for one in found if one is not None]
    assert spans[0][0] == 0.0
    assert spans[-1][1] == math.inf, "a film may be longer than it says"
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    assert all(0.6 * units.STRETCH < end - start < 1.4 * units.STRETCH for start, end in spans[:-1])


@pytest.mark.parametrize("recipe", [FIXED.changed(skip_static=True), FIXED.changed(part=Part(60.0, 5000.0))])
def test_what_depends_on_the_window_before_stays_whole(recipe: Recipe) -> None:
    assert stretches(36_000, recipe) == [None]


def test_long_films_are_divided_whether_windows_are_fixed_or_lie_between_cuts() -> None:
    assert len(stretches(36_000, FIXED)) == 120 == len(stretches(36_000, FIXED.changed(windows="scenes:min=1,max=5")))


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(most=1)
    yield pool
    pool.close()


@pytest.mark.parametrize("rule", ["fixed:seconds=2", "fixed:seconds=3,overlap=1", "fixed:seconds=0.7"])
@pytest.mark.parametrize("sampler", ["uniform:count=3", "keyframes:count=4"])
def test_the_windows_of_all_units_are_those_of_the_film(
    film: Path, pool: WorkerPool, rule: str, sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "STRETCH", 7.0)
    info = probe(film)
    recipe = FIXED.changed(windows=rule, sampler=sampler)

    def read(stretch: Any) -> list[Window]:
        how = {
            "rule": families.parse("windows", rule),
            "sampler": families.parse("samplers", sampler),
            "size": (32, 32),
            "pool": pool,
        }
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


class Told:
    """Hears a run; each caption may do something."""

    def __init__(self, act: Callable[[int], None] = lambda count: None) -> None:
        self.act, self.captions = act, 0

    def observer(self, film: Film) -> Observer:
        outer = self

        class One(Observer):
            def captioned(self, caption: Caption, position: float) -> None:
                outer.captions += 1
                outer.act(outer.captions)

        return One()

    def finished(self, film: Film, result: Any) -> None: ...

    def failed(self, name: Any, error: Exception) -> None:
        raise error


async def described(film: Path, studio: Studio, out: Path, told: Told) -> dict[str, Any]:
    """A film's document, without what depends on who did it and how long it took."""
    films = (Film(film, Path(film.name)),)
    await asyncio.wait_for(describe_all(films, plan_outputs(films, studio), studio, told), PATIENCE)
    document: dict[str, Any] = json.loads((out / f"{film.stem}.descriptions.json").read_text())
    stats = {key: document["stats"][key] for key in ("windows", "asked", "frames", "prompt_tokens")}
    return {**document, "stats": stats}


def settings(out: Path, windows: str, sampler: str = "uniform", **more: Any) -> Settings:
    # an engine that takes its time, or one host would be done before the other has begun
    slow = ("delay=0.05", "capacity=2")
    options = {
        "engine": "echo",
        "engine_arg": slow,
        "model": "shapes",
        "windows": windows,
        "sampler": sampler,
        "decode_workers": 1,
    }
    return Settings(**options, output_dir=out, **more)


@pytest.mark.parametrize(("windows", "sampler"), [("fixed:seconds=1", "keyframes"), ("scenes:min=0.5,max=1", "uniform")])
async def test_a_long_film_is_described_by_two_hosts_as_by_one_process_though_one_dies(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: str, sampler: str
) -> None:
    """Byte for byte, and no window is asked twice."""
    monkeypatch.setattr(units, "STRETCH", 7.0)
    async with Studio(settings(tmp_path / "one", windows, sampler)) as studio:
        alone = await described(film, studio, tmp_path / "one", Told())
    async with Studio(settings(tmp_path / "many", windows, sampler, hosts=2)) as studio:
        coordinator = studio.host.coordinator  # type: ignore[attr-defined]
        hosts = coordinator.hosts
        async with asyncio.timeout(PATIENCE):
            await coordinator.all_ready()  # else the first may have done all of it before the second has started

        def kill(count: int) -> None:
            if count == 3:
                os.kill(next(host.pid for host in hosts if host.pid is not None), signal.SIGKILL)

        told = Told(kill)
        assert await described(film, studio, tmp_path / "many", told) == alone
        assert studio.engine.deaths == 1
        assert all(host.starts for host in hosts), "both had a stretch"
    assert told.captions == alone["stats"]["windows"]


async def test_a_film_that_has_to_be_read_from_its_beginning_is_one_unit_after_all(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by whoever has the third stretch, when two are done; what others did of the rest is kept."""
    monkeypatch.setattr(units, "STRETCH", 7.0)
    out, ended = tmp_path / "many", Job.ended

    def unclean(job: Job, how: Any) -> None:
        third = job.unit.stretch is not None and job.unit.stretch.number == 2
        ended(job, messages.Whole(number=job.number) if third else how)

    monkeypatch.setattr(Job, "ended", unclean)
    async with Studio(settings(tmp_path / "one", "scenes")) as studio:
        alone = await described(film, studio, tmp_path / "one", Told())
    told = Told()
    async with Studio(settings(out, "scenes", hosts=2)) as studio:
        many = await described(film, studio, out, told)
    assert many["captions"] == alone["captions"]
    assert told.captions == alone["stats"]["windows"], "none was asked twice"
    assert many["stats"]["windows"] >= alone["stats"]["windows"]
