"""Short clips against one long film, and film that stands still, with the embedded model on vLLM.

    scripts/bench captioning                    about fifteen minutes on two quiet cores
    scripts/bench captioning --only clips
    scripts/bench captioning --only static --rounds 5

clips    so many windows of three seconds in as many clips, and in one film: what does a film's beginning and end cost?
static   a film that moves for a minute and stands still for a minute, with and without --skip-static

Both sides use one loaded engine and take turns; medians of the rounds are compared.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed

needed("av")

from pipeline.bench.films import FilmSpec, make_films
from pipeline.bench.measure import run_once, says_something
from pipeline.inputs import Film
from pipeline.options.caption import Settings
from pipeline.studio import Studio

SIZE = (640, 360)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=10, help="length of the film that stands still half the time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["clips", "static"])
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    asked = parser.parse_args()
    needed(*(("vllm",) if asked.engine == "vllm" else ()))
    results: dict[str, Any] = {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    }
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as folder:
        for name, work in {"clips": clips, "static": static}.items():
            if asked.only in (None, name):
                place = Path(folder) / name
                place.mkdir()
                results[name] = asyncio.run(work(asked, place))
    print(json.dumps(results, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2) + "\n")


def _films(folder: Path, specs: list[FilmSpec]) -> tuple[Film, ...]:
    folder.mkdir()
    paths = make_films(folder, specs, at_once=max(1, (os.cpu_count() or 2) // 2))
    return tuple(Film(path, Path(path.name)) for path in paths)


async def clips(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Windows a second of many clips over those of one film as long as all of them."""
    width, height = SIZE
    many = _films(folder / "many", [FilmSpec(seconds=3, width=width, height=height, seed=seed) for seed in range(asked.clips)])
    one = _films(folder / "one", [FilmSpec(seconds=3 * asked.clips, width=width, height=height)])
    settings = Settings(engine=asked.engine, model="shapes", windows="fixed:seconds=3", sampler="keyframes:count=3")
    async with Studio(settings, captioner=says_something(settings)) as studio:
        found = await _in_turn(folder, asked.rounds, {"clips": (studio, many), "one film": (studio, one)})
    return found | {"ratio": round(found["clips"]["windows_per_second"] / found["one film"]["windows_per_second"], 3)}


async def static(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """How much faster a film that stands still half the time is with --skip-static."""
    width, height = SIZE
    films = _films(folder / "films", [FilmSpec(seconds=60 * asked.minutes, width=width, height=height, still=60)])
    plain = Settings(engine=asked.engine, model="shapes", windows="fixed:seconds=6", sampler="keyframes:count=6")
    captioner = says_something(plain)
    async with (
        Studio(plain, captioner=captioner) as studio,
        Studio(plain.changed(skip_static=True), captioner=captioner) as skipping,
    ):
        found = await _in_turn(folder, asked.rounds, {"all asked": (studio, films), "--skip-static": (skipping, films)})
    return found | {"faster": round(found["--skip-static"]["windows_per_second"] / found["all asked"]["windows_per_second"], 2)}


async def _in_turn(folder: Path, rounds: int, sides: dict[str, tuple[Studio, tuple[Film, ...]]]) -> dict[str, Any]:
    """Each side once to warm up, then all in turn; each side's median round."""
    took: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, (studio, films) in sides.items():
            await studio.engine.warm()
            ran = await run_once(studio, films, folder / f"out {name} {turn}")
            if turn:
                took[name].append(ran)
    found = {}
    for name, runs in took.items():
        seconds = statistics.median(run["seconds"] for run in runs)
        middle = min(runs, key=lambda run: abs(run["seconds"] - seconds))
        rate = round(middle["windows"] / seconds, 2)
        found[name] = {"windows_per_second": rate, "rounds": [run["seconds"] for run in runs], **middle}
    return found


if __name__ == "__main__":
    main()
