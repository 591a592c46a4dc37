"""What more GPUs bring: the same work for each GPU on 1, 2 and 4 of them, one host a GPU, as many cores for each (weak scaling).

    scripts/bench gpus --model FOLDER --random-weights --counts 1 4 --kill --json gpus.json
    scripts/bench gpus --model FOLDER --random-weights --counts 1 --hosts-a-gpu 1 2 3     (a small model)
    scripts/bench gpus --engine echo --films 8 --counts 1 2 --kill                        (no GPU: the logic)

All hosts are loaded once, at the same time, for all rows; a row of fewer GPUs gives work to theirs alone. A row has FILMS films for each
GPU, 64 seconds long, read to sidecar files, and begins with all engines ready and all decoders started:

``windows_per_second``   all windows over all seconds, from there to the last file
``steady``               windows a second between the first and the last tenth of the captions: neither the start nor the tail
``tail``                 seconds that the last tenth took longer than that: some hosts have nothing more to do
``times``                ``windows_per_second`` over that of the first row
``steady_times``         the same of ``steady``; it says nothing where a row is only two or three times what the engines run at once

``--kill``: the last row once more, and a host is killed with SIGKILL when a third of the windows is captioned: how many windows are
missing after all, how many came twice, and how many were in flight there and are asked again.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model
from scripts.random_weights import with_words

needed("av")

from models.gpus import visible
from pipeline.fleet.cores import own_cores
from pipeline.fleet.fleet import Fleet
from pipeline.fleet.placement import Placement, placements
from pipeline.fleet.remote import RemoteHost
from pipeline.inputs import Film
from pipeline.options.caption import Settings
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from scripts.benches.gpu import ROWS, _films, _processor
from scripts.benches.gpus_parts.run import Run

WARMING = 16
"""films of a GPU that are read before the first row: a host's decoders start with the films that they are needed for, and stay"""


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
    needed_model(asked.model, random_weights=asked.random_weights)
    needed(*(("vllm",) if asked.engine == "vllm" else ()))
    if asked.random_weights:
        asked.model = with_words(asked.model)
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        asyncio.run(_run(asked, Path(place)))


async def _run(asked: argparse.Namespace, place: Path) -> None:
    size, _ = ROWS[asked.row]
    most = max(asked.counts)
    films = _films(asked.folder or place / "films", size, asked.films * most)
    cores = sorted(os.sched_getaffinity(0))
    each = asked.cores or max(1, len(cores) // most)
    os.sched_setaffinity(0, cores[: each * most])
    found: dict[str, Any] = {"machine": f"{_processor()}, {each} cores a GPU", "row": asked.row, "films": asked.films, "rows": []}
    for hosts in asked.hosts_a_gpu:
        settings = _settings(asked, most, hosts)
        fleet = Fleet(settings, placements(settings) or (Placement(number=0, cores=tuple(own_cores())),))
        began = time.monotonic()
        async with fleet:
            await fleet.coordinator.all_ready()
            loading = round(time.monotonic() - began, 1)
            print(f"{len(fleet.places)} hosts are ready after {loading:.0f} s", file=sys.stderr, flush=True)
            warming = settings.changed(output_dir=place / f"warming, {hosts} hosts each")
            await _measured(fleet, warming, list(fleet.coordinator.hosts), films[: min(asked.films, WARMING) * most])
            row: dict[str, Any] = {}
            for count in asked.counts:
                mine = [host for host in fleet.coordinator.hosts if host.placement.number % most < count]
                out = place / f"{count} GPUs, {hosts} hosts each"
                row = {"gpus": count, "hosts_a_gpu": hosts, "loading": loading}
                row |= await _measured(fleet, settings.changed(output_dir=out), mine, films[: asked.films * count])
                _add(asked, found, row)
            if asked.kill:
                killed = settings.changed(output_dir=place / f"killed, {hosts} hosts each")
                again = await _measured(fleet, killed, mine, films[: asked.films * count], kill_at=row["windows"] // 3)
                again["lost"] = row["windows"] - again["windows"]
                _add(asked, found, {"gpus": count, "hosts_a_gpu": hosts, **again})
    print(json.dumps(found, indent=2))


def _settings(asked: argparse.Namespace, gpus: int, hosts: int) -> Settings:
    on_gpu = bool(visible()) and asked.engine in ("vllm", "transformers")
    return Settings(
        model=asked.model,
        engine=asked.engine,
        windows="fixed:seconds=8",
        sampler=ROWS[asked.row][1],
        max_tokens=64,
        hosts=gpus * hosts,
        gpus=str(gpus) if on_gpu else "all",
        max_num_seqs=asked.max_num_seqs,
        max_model_len=4096 if on_gpu else None,
        engine_arg=(*(["load_format=dummy"] if asked.random_weights else []), *asked.engine_arg),
    )


async def _measured(
    fleet: Fleet, settings: Settings, hosts: list[RemoteHost], films: tuple[Film, ...], kill_at: int = 0
) -> dict[str, Any]:
    """One run of the films on some of the fleet's hosts, all loaded."""
    fleet.coordinator.use(hosts)
    async with Studio(settings, host=fleet) as studio:
        run = Run(hosts, kill_at)
        await describe_all(films, plan_outputs(films, studio), studio, run)
        return run.numbers()


def _add(asked: argparse.Namespace, found: dict[str, Any], row: dict[str, Any]) -> None:
    first = (found["rows"] or [row])[0]
    for name, rate in (("times", "windows_per_second"), ("steady_times", "steady_asked")):
        row[name] = round(row[rate] / first[rate], 2) if first[rate] else None  # nothing was answered: its films are told
    found["rows"].append(row)
    words = "{gpus} GPUs, {hosts_a_gpu} hosts each: {windows_per_second} windows/s, steady {steady}, {times} times; tail {tail} s"
    if row["killed"]:
        words += "; one host killed: {lost} windows lost, {twice} twice, {asked_again} asked again"
    print(words.format(**row), file=sys.stderr, flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
