"""The product against the bare engine, in one run on one loaded model.

    bare      the same windows' frames, kept in memory from a first run, as many in flight as the engine takes
    product   files -> probe -> decode -> windows -> the same engine -> cues -> sidecars

Both ask the same number of windows of the same pictures, so that a trained model answers at the same length. ``ratio`` is product over bare
in windows a second; one is all that a pipeline can reach.
"""

import asyncio
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.base import Captioner, Reply, Request
from models.temporary import temporary_folder
from pipeline.captioning.prompt import request_for
from pipeline.engine.opening import choose_preset, open_captioner
from pipeline.errors import ScenescribeError, UsageError
from pipeline.inputs import Film, find_films
from pipeline.observing import Observer, Result
from pipeline.options.caption import Settings
from pipeline.outputs import plan
from pipeline.run import describe_all
from pipeline.studio import Studio
from pipeline.types import Window

Say = Callable[[str], None]
WhileLoading = Callable[[Studio], AbstractContextManager[object]]
KEPT = 64
"""windows that the bare engine is fed with, in turn: 220 MB of eight frames of 384x384"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is measured: films to make, or films that are there."""

    films: tuple[str, ...] = ()
    count: int = 8
    seconds: float = 16.0
    width: int = 854
    height: int = 480
    gop: int = 30
    rounds: int = 3
    """bare and product in turn, this often; medians are reported"""


async def measure(
    settings: Settings, workload: Workload, *, random_weights: bool, say: Say = lambda _: None, while_loading: WhileLoading = nullcontext
) -> dict[str, Any]:  # fmt: skip
    """Run both and report. Raises what a run raises, and InputError where a film can't be described.

    ``say`` is told what begins now, in words for people; ``while_loading`` is entered while the model loads.
    """
    if random_weights:
        settings = settings.changed(engine_arg=(*settings.engine_arg, "load_format=dummy"))
    with temporary_folder() as folder:
        if not workload.films:
            say(
                f"making {workload.count} film{'s' * (workload.count > 1)} of {workload.seconds:g} s, {workload.width}x{workload.height}"
            )
        stop = threading.Event()
        try:
            films = await asyncio.to_thread(_films, workload, folder, stop)
        finally:
            stop.set()  # a thread can't be cancelled
        studio = Studio(settings, captioner=says_something(settings))
        async with studio:
            with while_loading(studio):
                await studio.engine.warm()
            return await compare(studio, films, workload.rounds, folder, say)


async def compare(
    studio: Studio, films: tuple[Film, ...], rounds: int, folder: Path, say: Say = lambda _: None
) -> dict[str, Any]:
    """Product and bare engine in turn on what an entered studio has loaded; what :func:`measure` returns."""
    await studio.engine.warm()
    say("a first run that counts for nothing")
    window_count, shape, kept = await _first_run(studio, films, folder)
    bare, product = [], []
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        bare.append(await _bare(studio, window_count, kept))
        product.append(await run_once(studio, films, folder / f"out{turn}"))
    best = statistics.median
    bare_rate, product_rate = (
        best(window_count / seconds for seconds in bare),
        best(window_count / one["seconds"] for one in product),
    )
    middle = sorted(product, key=lambda one: one["seconds"])[len(product) // 2]
    return {
        "ratio": round(product_rate / bare_rate, 3),
        "product": {
            "windows_per_second": round(product_rate, 2),
            "frames_per_second": round(product_rate * shape[0], 1),
            **middle,
        },
        "bare": {"windows_per_second": round(bare_rate, 2), "frames_per_second": round(bare_rate * shape[0], 1)},
        "windows": window_count,
        "frames_a_window": list(shape),
        "films": len(films),
        "rounds": {"bare": [round(s, 3) for s in bare], "product": [one["seconds"] for one in product]},
        "model": studio.model.name,
        "engine": f"{studio.model.engine} {studio.model.engine_version}",
        "max_in_flight": studio.engine.limit,
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
        },
        "engine_metrics": dict(studio.engine.gauges.highest),
    }


def _films(workload: Workload, folder: Path, stop: threading.Event) -> tuple[Film, ...]:
    if workload.films:
        found = find_films(workload.films, recursive=True)
        for name, error in found.errors:
            raise UsageError(error.code, f"{name}: {error.message}")
        return found.films
    from pipeline.bench.films import FilmSpec, make_films

    specs = [
        FilmSpec(seconds=workload.seconds, width=workload.width, height=workload.height, gop=workload.gop, seed=seed)
        for seed in range(workload.count)
    ]
    paths = make_films(folder, specs, at_once=max(1, (os.cpu_count() or 2) // 2), stop=stop)
    return tuple(Film(path, Path(path.name)) for path in paths)


async def _first_run(studio: Studio, films: tuple[Film, ...], folder: Path) -> tuple[int, tuple[int, ...], list[Window]]:
    """Warms everything up; how many windows there are, the shape of the first, and those that the bare engine is fed with."""
    kept: list[Window] = []
    counted = await run_once(studio, films, folder / "warm", kept)
    shape = kept[0].frames.data.shape
    return counted["windows"], shape, kept


async def run_once(studio: Studio, films: tuple[Film, ...], out: Path, kept: list[Window] | None = None) -> dict[str, Any]:
    """All films from file to sidecars under ``out``, and what it took; ``kept`` takes the first windows as they are read."""
    outputs = plan(films, folder=out, language="en", formats=studio.formats, burn=False, mux=False)
    tally, clock = _Tally(kept), studio.engine.clock
    hungry = clock.hungry
    started = time.monotonic()
    await describe_all(films, outputs, studio, tally)
    seconds = time.monotonic() - started
    return {
        "seconds": round(seconds, 3),
        "windows": tally.windows,
        "frames": tally.frames,
        "engine_hungry_seconds": round(clock.hungry - hungry, 3),
        "decode_seconds": round(tally.decode, 3),
        "times_real_time": round(tally.length / seconds, 1),
        "peak_bytes_in_flight": studio.engine.peak[1],
    }


async def _bare(studio: Studio, count: int, kept: list[Window]) -> float:
    """Seconds for ``count`` windows from memory through the engine alone; it keeps no cache that would know one again."""
    places = asyncio.Semaphore(studio.engine.limit)

    async def one(i: int) -> None:
        async with places:
            await studio.engine.captioner.caption(request_for(kept[i % len(kept)], studio.recipe))

    started = time.monotonic()
    await asyncio.gather(*(one(i) for i in range(count)))
    return time.monotonic() - started


class _Tally:
    """A RunObserver that counts, and lets nothing fail unseen."""

    def __init__(self, kept: list[Window] | None) -> None:
        self.windows = self.frames = 0
        self.decode = self.length = 0.0
        self._kept = kept

    def observer(self, film: Film) -> Observer:
        return Observer() if self._kept is None else _Keeps(self._kept)

    def finished(self, film: Film, result: Result) -> None:
        self.windows += len(result.document.captions)
        self.frames += sum(len(caption.frames) for caption in result.document.captions)
        self.decode += result.document.stats["seconds"]["decode"]
        self.length += result.info.duration

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        raise error


class _Keeps(Observer):
    """Keeps the first windows that come, of all films, with their pictures."""

    def __init__(self, kept: list[Window]) -> None:
        self._kept = kept

    def read(self, window: Window) -> None:
        if len(self._kept) < KEPT:
            self._kept.append(window)


class SaysSomething:
    """The captioner, with one text for every answer: random weights say nothing or noise, and a guard would ask again."""

    def __init__(self, captioner: Captioner) -> None:
        self._captioner = captioner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._captioner, name)

    async def caption(self, request: Request) -> Reply:
        return replace(await self._captioner.caption(request), text="Something is seen here.", finish="stop")


def says_something(settings: Settings) -> "SaysSomething":
    """The engine of the settings, not loaded, with one text for every answer."""
    return SaysSomething(open_captioner(settings, choose_preset(settings)))
