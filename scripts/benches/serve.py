"""What questions over HTTP cost a service that is captioning, and how it says no: the table of docs/performance.md.

    scripts/bench serve --model FOLDER --random-weights --json serve.json      one GPU, within six minutes
    scripts/bench serve --engine echo --seconds 10 --option=--engine-arg=delay=0.2 --option=--engine-arg=pace=0.02
                                                                                two cores, an engine of eight places and a set delay

``scenescribe serve`` in a process of its own, with clients in this one:

    start    seconds until /healthz answers, and until the model is loaded
    load     so many films captioned at once, each anew when it is done: alone; with 64 streams that never pause (each asks about a film,
             reads its answer to the end and asks again); alone; with 64 people who read for ``--pause`` seconds between two questions;
             alone. The first part of each stretch is not counted
    full     64 long answers open, and a hundred questions more, one after the other: seconds to their 429, with the captions going on
    log      what the service said that was no good news
    leaving  clients that go in the middle of an answer, captions over: seconds until the engine has nothing to do
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model
from scripts.random_weights import with_words

needed("httpx", "fastapi", "uvicorn", "multipart|python_multipart", "av")

import httpx

from pipeline.bench.films import FilmSpec, make_films
from scripts.benches.serve_parts.clients import Clients
from scripts.served import Served


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shapes", help="a preset or a model's folder")
    parser.add_argument("--engine")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--film-seconds", type=float, default=64.0, help="length of each")
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=25.0, help="of each of the five stretches under load")
    parser.add_argument("--pause", type=float, default=10.0, help="seconds that a person reads an answer")
    parser.add_argument("--answer-tokens", type=int, default=64)
    parser.add_argument("--caption-tokens", type=int, default=64)
    parser.add_argument("--windows", default="fixed:seconds=4")
    parser.add_argument("--sampler", default="keyframes:count=8")
    parser.add_argument(
        "--option", action="append", default=[], help="one more of scenescribe serve, such as --option=--max-model-len=8192"
    )
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each step")
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    if asked.random_weights:
        asked.model = with_words(asked.model)
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        asyncio.run(_run(asked, Path(place)))


async def _run(asked: argparse.Namespace, place: Path) -> None:
    found: dict[str, Any] = {
        "machine": f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}",
        "model": Path(asked.model).name,
    }
    (place / "films").mkdir()
    began = time.monotonic()
    specs = [FilmSpec(seconds=asked.film_seconds, width=640, height=360, seed=seed) for seed in range(asked.films)]
    films = make_films(place / "films", specs, at_once=len(os.sched_getaffinity(0)))
    _say(asked, found, f"films there after {time.monotonic() - began:.0f} s")
    words = [
        "--root", str(place / "films"), "--model", asked.model, "--max-asks", str(asked.streams), "--windows", asked.windows,
        "--sampler", asked.sampler, "--max-tokens", str(asked.caption_tokens), "--log-format", "json", *asked.option,
        *(("--engine", asked.engine) if asked.engine else ()), *(("--engine-arg", "load_format=dummy") if asked.random_weights else ()),
    ]  # fmt: skip
    with Served(place / "state", words) as service:
        found["start"] = {"alive": round(service.alive_after, 2)}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=asked.streams + 16)
        async with httpx.AsyncClient(base_url=service.url, headers=service.headers, timeout=600, limits=limits) as client:
            began = time.monotonic() - service.alive_after
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.25)
            found["start"]["ready"] = round(time.monotonic() - began, 1)
            _say(asked, found, "ready")
            bench = Clients(asked, client, [await _add(client, path) for path in films])
            await bench.look()
            found["load"] = []
            for streams, pause in ((0, 0.0), (asked.streams, 0.0), (0, 0.0), (asked.streams, asked.pause), (0, 0.0)):
                found["load"].append(await bench.stretch(streams, pause))
                _say(asked, found, found["load"][-1])
            alone = statistics.mean(part["windows_s"] for part in found["load"][::2])
            found["captioning_kept"] = [round(part["windows_s"] / alone, 3) for part in found["load"][1::2]]
            found["full"] = await bench.full()
            _say(asked, found, found["full"])
            await bench.quiet()
            found["leaving"] = await bench.leaving()
            found["rss_mb"] = round(service.rss / 1e6)
            told = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
            found["log"] = [line for line in told if line["level"] not in ("info", "debug")]
            _say(asked, found, "done")
    print(json.dumps(found, indent=1))


async def _add(client: httpx.AsyncClient, path: Path) -> str:
    answer = await client.post("/v1/films", json={"path": f"films/{path.name}"})
    return str(answer.raise_for_status().json()["id"])


def _say(asked: argparse.Namespace, found: dict[str, Any], *words: object) -> None:
    print(*words, file=sys.stderr, flush=True)
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
