"""scripts/bench summary --model FOLDER [--random-weights]: summary and chapters of a two-hour film from finished captions, or from pixels.

A made-up film of 900 captions of 8 s and 40 tokens (30 words of English), whose subject changes every few minutes. Seconds are from the
document in memory to the summary, by the clock, with the model loaded and warm; how many questions on how many levels, of how many tokens.
Random weights never end a sentence: each answer is as long as it may be, and unusable: no model takes longer. --sentence-tokens 65 gives them
the room of 25 words and what stands around them, which is how long a model takes that does what it is told.

--pixels: a film of as many windows first (1080p, joined of drawn pieces), described in windows of 8 s with keyframes:count=8, 64 tokens each,
at each of --temperatures; what random weights say of it is of no use, so the summary is made of the made-up captions all the same.

    scripts/bench summary --model FOLDER --random-weights --json summary.json
    scripts/bench summary --composed                    no model: chapters and the captions' own words
"""

import argparse
import asyncio
import json
import os
import platform
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from models.base import Request, Sampling
from pipeline.bench.films import FilmSpec, make_films
from pipeline.errors import ScenescribeError
from pipeline.host import Host
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.options.caption import Settings
from pipeline.passes import answer
from pipeline.passes.summary import Writer, summarize
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from pipeline.summarizer import writer_of
from pipeline.types import Caption, Document, Model, Source
from scripts.benches.gpu import _join
from scripts.needed import needed, needed_model
from scripts.random_weights import with_words, word


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    length: str
    captions: int
    chapters: int
    sentences: int
    questions: int
    levels: int
    unusable: int
    seconds: float
    prompt_tokens: int
    tokens: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a preset or a model's folder")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--composed", action="store_true", help="no model")
    parser.add_argument("--quantization")
    parser.add_argument("--max-model-len", type=int)
    parser.add_argument("--sentence-tokens", type=int, help="room of a sentence and its numbers, in place of the product's")
    parser.add_argument(
        "--pixels", action="store_true", help="describe a film of as many windows first, and tell how long that takes"
    )
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.0], help="of the captions from pixels")
    parser.add_argument("--captions", type=int, default=900)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    if asked.random_weights:
        asked.model = with_words(asked.model)
    if asked.sentence_tokens:
        answer.SENTENCE_TOKENS = asked.sentence_tokens
    needed(*(() if asked.composed else ("vllm",)), *(("av",) if asked.pixels else ()))
    if not asked.composed and not asked.model:
        parser.error("name a --model, or --composed")
    asyncio.run(_run(asked))


def _say(asked: argparse.Namespace, found: dict[str, Any], told: object) -> None:
    """After each row: a run that is cut off keeps what it has."""
    found["machine"] = f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{told}; {found['machine']}, peak memory of this process {found['peak_mb']:.0f} MB", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2))


async def _run(asked: argparse.Namespace) -> None:
    found: dict[str, Any] = {}
    if asked.composed:
        await _measured(asked, found, None)
        return
    settings = Settings(
        model=asked.model, quantization=asked.quantization, max_model_len=asked.max_model_len,
        engine_arg=("load_format=dummy",) if asked.random_weights else (),
        windows="fixed:seconds=8", sampler="keyframes:count=8", max_tokens=64,
    )  # fmt: skip
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        drawing = asyncio.create_task(asyncio.to_thread(_drawn, Path(place), asked.captions)) if asked.pixels else None
        async with Host(settings) as host:
            await host.engine.warm()
            print(f"the model is loaded after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            await host.engine.ask(Request(prompt="Say something.", sampling=Sampling(max_tokens=8)))
            writer = writer_of(settings, host)
            if writer is None:
                raise SystemExit(
                    f"scripts/bench summary: {asked.model} knows one question alone and writes no summaries; take --composed"
                )
            if drawing is not None:
                path = await drawing
                print(f"the film is there after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            for temperature in asked.temperatures if drawing else ():
                out = Path(place, f"out at {temperature:g}")
                took = await described(path, settings.changed(temperature=temperature, output_dir=out), host)
                found.setdefault("from_pixels", []).append({"temperature": temperature} | took)
                _say(asked, found, f"described at temperature {temperature:g}: {took}")
            await _measured(asked, found, writer)


class _Windows(Observer):
    """How the film's windows came out."""

    captions: tuple[Caption, ...] = ()

    def observer(self, film: Film) -> Observer:
        return self

    def finished(self, film: Film, result: Result) -> None:
        self.captions = result.document.captions if result.document else ()

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        raise SystemExit(f"scripts/bench summary: {name}: {error}")


def _drawn(place: Path, windows: int) -> Path:
    """A film of as many windows of 8 s, joined of drawn pieces."""
    size, seconds = (1920, 1080), 16
    count = windows * 8 // seconds
    specs = [FilmSpec(seconds=seconds, width=size[0], height=size[1], seed=seed) for seed in range(min(count, 16))]
    pieces = make_films(place, specs, at_once=len(os.sched_getaffinity(0)))
    path = place / "two hours.mp4"
    _join(path, [pieces[n % len(pieces)] for n in range(count)])
    return path


async def described(path: Path, settings: Settings, host: Host) -> dict[str, Any]:
    """What it takes to describe the film: from its file to its sidecars, on a loaded model, decoders' start and all."""
    films, windows, hungry = (Film(path, Path(path.name)),), _Windows(), host.engine.clock.hungry
    async with Studio(settings, host=host) as studio:
        began = time.monotonic()
        await describe_all(films, plan_outputs(films, studio), studio, windows)
        took = time.monotonic() - began
    return {
        "windows": len(windows.captions), "tokens": sum(one.completion_tokens for one in windows.captions),
        "outcomes": dict(Counter(str(one.outcome) for one in windows.captions)), "seconds": round(took, 1),
        "hungry": round(host.engine.clock.hungry - hungry, 1),
    }  # fmt: skip


async def _measured(asked: argparse.Namespace, found: dict[str, Any], writer: Writer | None) -> None:
    film = made_up(asked.captions)
    for length in ("short", "long"):
        for _ in range(asked.rounds):
            began = time.monotonic()
            summary = await summarize(film, length=length, writer=writer)
            took = time.monotonic() - began
            row = Row(
                length, len(film.captions), len(summary.chapters), len(summary.sentences), summary.stats.get("asked", 0),
                summary.stats.get("levels", 0), len(summary.warnings), round(took, 2), summary.stats.get("prompt_tokens", 0),
                summary.stats.get("tokens", 0),
            )  # fmt: skip
            found.setdefault("rows", []).append(asdict(row))
            _say(asked, found, row)


def made_up(count: int) -> Document:
    """A film whose subject changes every 40 to 80 captions: words of its own beside those that all share."""
    rng = random.Random(0)
    common = [word(number) for number in range(60)]
    captions: list[Caption] = []
    while len(captions) < count:
        own = [word(400 * (1 + len(captions)) + number) for number in range(40)]
        for _ in range(rng.randint(40, 80)):
            text = " ".join(rng.choice(own if rng.random() < 0.4 else common) for _ in range(40)) + "."
            captions.append(Caption(start=8.0 * len(captions), end=8.0 * len(captions) + 8, text=text))
    captions = captions[:count]
    return Document(
        source=Source(name="film.mp4", size=1, duration=8.0 * count, fps=25.0, width=640, height=360, start=0.0),
        model=Model(name="none", id="none", revision="", engine="none", engine_version=""),
        settings={},
        captions=tuple(captions),
        shots=tuple(8.0 * n for n in range(1, count)),
    )


if __name__ == "__main__":
    main()
