"""Where a window's time goes on the host side: what an engine waits for when it is small.

    scripts/bench profile_host --model FOLDER --stages                          each step alone; no GPU, no weights needed
    scripts/bench profile_host --model FOLDER --random-weights --json host.json both, with the engine: cores by process and thread

``stages``   milliseconds of each step between a film's pictures and the engine's batch, by the model's processor and, where the model
             allows it, as bytes
``run``      the product over films: windows a second, and how many cores each process and each kind of thread took. A kind of thread that
             takes one core is at its limit, and Python threads of one process share about one between them
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model

needed("av", "vllm")

from models.options import parse_engine_args
from pipeline.bench.measure import run_once, says_something
from pipeline.engine.opening import choose_preset
from pipeline.options.caption import Settings
from pipeline.studio import Studio
from scripts.benches.gpu import ROWS, _films, _processor
from scripts.benches.profile_parts import threads
from scripts.benches.profile_parts.stages import Stages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shapes", help="a preset or a model's folder")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--stages", action="store_true", help="no engine, no films")
    parser.add_argument("--rounds", type=int, default=64)
    parser.add_argument("--films", type=int, default=32)
    parser.add_argument("--row", choices=list(ROWS), default="1080p keyframes")
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--engine-arg", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--folder", type=Path, help="keep the films here, and use those that are there")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    settings = Settings(
        model=asked.model,
        windows="fixed:seconds=8",
        sampler=ROWS[asked.row][1],
        max_tokens=64,
        max_num_seqs=asked.max_num_seqs,
        engine_arg=(*(["load_format=dummy"] if asked.random_weights else []), *asked.engine_arg),
    )
    found: dict[str, Any] = {"machine": _processor(), "stages": {}}
    preset = choose_preset(settings)
    for name, direct in (("by the processor", False), ("as bytes", True)):
        stages = Stages(preset, parse_engine_args(settings.engine_arg), 8, direct=direct)
        if stages.direct == direct:
            found["stages"][name] = stages.measured(asked.rounds)
            _say(asked, found, name, found["stages"][name])
    if not asked.stages:
        with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
            found["run"] = asyncio.run(_run(asked, settings, Path(place)))
        _say(asked, found, "run", found["run"])
    print(json.dumps(found, indent=2))


async def _run(asked: argparse.Namespace, settings: Settings, place: Path) -> dict[str, Any]:
    films = _films(asked.folder or place / "films", ROWS[asked.row][0], asked.films)
    async with Studio(settings, captioner=says_something(settings)) as studio:
        await run_once(studio, films[: max(1, len(films) // 4)], place / "warm")
        before, began = threads.used(), time.monotonic()
        ran = await run_once(studio, films, place / "run")
        seconds = time.monotonic() - began
        return {
            "windows_per_second": round(ran["windows"] / seconds, 2),
            "held_back_by": studio.engine.clock.held_back_by,
            "decoding": studio.host.decoding,
            "used": threads.busiest(before, threads.used(), seconds, ran["windows"]),
        }


def _say(asked: argparse.Namespace, found: dict[str, Any], *words: object) -> None:
    print(*words, file=sys.stderr, flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
