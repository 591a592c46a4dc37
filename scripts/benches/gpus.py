"""What more GPUs bring: the same work for each GPU on 1, 2 and 4 of them, one host a GPU, as many cores for each (weak scaling).

    scripts/bench gpus --model FOLDER --random-weights --films 64 --counts 1 2 4 --json gpus.json
    scripts/bench gpus --model FOLDER --random-weights --films 64 --counts 1 --hosts-a-gpu 1 2 3      (a small model)
    scripts/bench gpus --engine echo --films 8 --counts 1 2                                           (no GPU: the logic)

Each row is measured with all its engines loaded, on FILMS films for each GPU, 64 seconds long, from files to files: windows a second,
and how many times the first row's questions a second that is (random weights repeat themselves, so each window is asked twice).
``--kill``: one more run of the last row, in which a host is killed with SIGKILL when a third of the windows is captioned; the row tells
how many windows were asked more than once, and that none is missing.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from gpu import ROWS, _films, _processor

from pipeline.describe import Observer, Result
from pipeline.errors import ScenescribeError
from pipeline.fleet.fleet import Fleet
from pipeline.inputs import Film
from pipeline.options.caption import Settings
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from pipeline.types import Caption


class Run(Observer):
    """Hears a run: counts captions, and kills a host when that is asked for."""

    def __init__(self, studio: Studio, kill_at: int) -> None:
        self.studio, self.kill_at = studio, kill_at
        self.captions = self.windows = self.asked = self.tokens = self.failures = 0
        self.killed = False

    def observer(self, film: Film) -> Observer:
        return self

    def captioned(self, caption: Caption, position: float) -> None:
        self.captions += 1
        if self.kill_at and self.captions >= self.kill_at and not self.killed:
            assert isinstance(self.studio.host, Fleet)
            busy = max(self.studio.host.coordinator.hosts, key=lambda host: host.pulse.in_flight)
            assert busy.pid is not None
            os.kill(busy.pid, signal.SIGKILL)
            self.killed = True

    def finished(self, film: Film, result: Result) -> None:
        self.windows += len(result.document.captions)
        self.asked += result.document.stats["asked"]
        self.tokens += result.document.stats["completion_tokens"]

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        self.failures += 1


async def measure(settings: Settings, films: tuple[Film, ...], out: Path, kill_at: int = 0) -> dict[str, Any]:
    """One run of all films with every engine loaded before."""
    began = time.monotonic()
    async with Studio(settings.changed(output_dir=out)) as studio:
        if isinstance(studio.host, Fleet):
            await studio.host.coordinator.all_ready()
        else:
            await studio.engine.warm()
        loaded = time.monotonic()
        run = Run(studio, kill_at)
        await describe_all(films, plan_outputs(films, studio), studio, run)
        seconds = time.monotonic() - loaded
        return {
            "windows": run.windows, "asked": run.asked, "failed_films": run.failures,
            "tokens": run.tokens, "seconds": round(seconds, 2), "loading": round(loaded - began, 1),
            "windows_per_second": round(run.windows / seconds, 2), "asked_per_second": round(run.asked / seconds, 2),
            "held_back_by": studio.engine.clock.held_back_by,
            "deaths": studio.engine.deaths, "gauges": dict(studio.engine.gauges.highest),
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shapes", help="a preset or a model's folder")
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--films", type=int, default=64, help="for each GPU")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4], help="GPUs; hosts where there is none")
    parser.add_argument("--hosts-a-gpu", type=int, nargs="+", default=[1])
    parser.add_argument("--row", choices=list(ROWS), default="1080p keyframes")
    parser.add_argument("--cores", type=int, help="for each GPU; all of the machine's, divided by the most GPUs, where not given")
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--engine-arg", action="append", default=[])
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep the films here, and use those that are there")
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each row")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        asyncio.run(_run(asked, Path(place)))


async def _run(asked: argparse.Namespace, place: Path) -> None:
    from pipeline.fleet.gpus import visible

    size, sampler = ROWS[asked.row]
    all_films = _films(asked.folder or place / "films", size, asked.films * max(asked.counts))
    cores = sorted(os.sched_getaffinity(0))
    each = asked.cores or max(1, len(cores) // max(asked.counts))
    on_gpu = bool(visible()) and asked.engine in ("vllm", "transformers")
    found: dict[str, Any] = {"machine": f"{_processor()}, {each} cores a GPU", "row": asked.row, "films": asked.films, "rows": []}
    shapes = [(count, hosts) for count in asked.counts for hosts in asked.hosts_a_gpu]
    for number, (count, hosts) in enumerate(shapes):
        os.sched_setaffinity(0, cores[: each * count])
        extra = ["load_format=dummy"] if asked.random_weights else []
        settings = Settings(
            model=asked.model, engine=asked.engine, windows="fixed:seconds=8", sampler=sampler, max_tokens=64, hosts=count * hosts,
            gpus=str(count) if on_gpu else "all", max_num_seqs=asked.max_num_seqs, max_model_len=4096 if on_gpu else None,
            engine_arg=(*extra, *asked.engine_arg),
        )  # fmt: skip
        films = all_films[: asked.films * count]
        row = {"gpus": count, "hosts_a_gpu": hosts, **await measure(settings, films, place / f"out{number}")}
        _add(asked, found, row)
    if asked.kill:
        row = await measure(settings, films, place / "killed", kill_at=row["windows"] // 3)
        _add(asked, found, {"gpus": count, "hosts_a_gpu": hosts, "killed": True, **row})
    print(json.dumps(found, indent=2))


def _add(asked: argparse.Namespace, found: dict[str, Any], row: dict[str, Any]) -> None:
    row["times_the_first"] = round(row["asked_per_second"] / (found["rows"] or [row])[0]["asked_per_second"], 2)
    found["rows"].append(row)
    words = "{gpus} GPUs, {hosts_a_gpu} hosts each: {windows_per_second} windows/s, {times_the_first} times; {loading} s to load".format(
        **row
    )
    if row.get("killed"):
        words += f"; one host killed, {row['windows']} windows captioned, {row['asked'] - row['windows']} asked again"
    print(words, file=sys.stderr, flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
