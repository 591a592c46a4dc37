"""scripts/bench live: how late descriptions of N live streams are, and how many streams one engine takes.

    scripts/bench live --engine echo --delay 0.5 --streams 1                          overhead alone, no model
    scripts/bench live --model FOLDER --random-weights --streams 8,33,48,60 --json live.json

Each stream is a drawn clip of its own at the pace of a camera, MPEG-TS, read by its own process. ``--by``: UDP on loopback, HTTP (TCP), a
file that grows, RTMP (pushed by ffmpeg's binary); ``auto`` takes the first of the first three by which a picture comes, which is tried
with one stream before a model is loaded. Where none comes, what sender and reader said is told and nothing is measured. Windows are
staggered, as the command does it. A step counts from 20 s after all of its streams gave pictures. MPEG-TS carries no clock:
glass_to_text begins when a window's last picture was due by the picture that came soonest; ``overhead`` is the same without the engine's
time. What a picture came later than it was due is ``transport``: on a machine that is busy the sender's own time, which waits for a core
as we do; ``overhead_but_transport`` is what is ours, and the slowest three are told by part.
Random weights say nothing and never end by themselves: every answer has --max-tokens tokens, which is the worst case.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from scripts.needed import needed, needed_model
from scripts.random_weights import with_words

needed("av")

import numpy as np

from models.engines.echo import EchoCaptioner
from pipeline.frames import FrameBatch
from pipeline.live.asking import request_for
from pipeline.live.events import Event
from pipeline.live.opening import Live
from pipeline.live.outputs.base import Output
from pipeline.options.live import LiveSettings
from scripts.live_senders import NoPicture, Sender, way_that_works

WARM_UP = 20.0
ALL_LIVE = 90.0
"""seconds that a step waits for the first picture of each stream"""
SPENT = {"glass_to_text", "transport", "engine", "close", "wait", "prepare", "emit"}


class Kept(Output):
    """What is told from ``begin`` to ``end``; what is told of sources, from the beginning."""

    name = "kept"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.sources: Counter[str] = Counter()
        self.live: set[str] = set()
        self.all_live, self.counts = asyncio.Event(), False
        self._count = count

    def offer(self, event: Event) -> None:
        if event["event"] == "source":
            self.sources[" ".join(filter(None, (event["state"], event.get("reason"), event.get("message"))))] += 1
            if event["state"] == "live":
                self.live.add(event["stream"])
                if len(self.live) >= self._count:
                    self.all_live.set()
        if self.counts:
            self.events.append(event)


def percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in (50, 90, 95, 99)} | {
        "mean": round(float(np.mean(values)), 3)
    }


async def step(live: Live, engine: Any, seconds: float) -> dict[str, Any]:
    """So many streams as ``live`` has, for so long. Raises NoPicture where none of them gave one."""
    count = len(live.plans)
    station, kept = live.station(engine), Kept(count)
    station.outputs.append(kept)
    running = asyncio.create_task(station.run())
    all_live = asyncio.create_task(kept.all_live.wait())
    await asyncio.wait((running, all_live), timeout=ALL_LIVE, return_when=asyncio.FIRST_COMPLETED)
    all_live.cancel()
    if kept.live and not running.done():
        await asyncio.wait((running,), timeout=WARM_UP)
        kept.counts = True
        await asyncio.wait((running,), timeout=seconds)
        kept.counts = False
    station.stop()
    await running
    if not kept.live:
        raise NoPicture(f"none of {count} streams gave a picture within {ALL_LIVE:.0f} s: {kept.sources.most_common(8)}")
    captions = [event for event in kept.events if event["event"] == "caption"]
    latency = [event["latency"] for event in captions]
    by_kind: dict[str, float] = {}
    for event in kept.events:
        if event["event"] in ("caption", "unchanged", "gap", "offline"):
            by_kind[event["event"]] = by_kind.get(event["event"], 0.0) + event["end"] - event["start"]
    return {
        "streams": count,
        "live": len(kept.live),
        "captions": len(captions),
        "captions_per_second": round(len(captions) / seconds, 2),
        "glass_to_text": percentiles([one["glass_to_text"] for one in latency]),
        "engine": percentiles([one["engine"] for one in latency]),
        "overhead": percentiles([one["glass_to_text"] - one["engine"] for one in latency]),
        "overhead_but_transport": percentiles([one["glass_to_text"] - one["engine"] - one["transport"] for one in latency]),
        "parts": {part: percentiles([one[part] for one in latency]) for part in sorted(SPENT) if latency},
        "worst": [
            {part: round(one[part], 3) for part in sorted(SPENT)}
            for one in sorted(latency, key=lambda one: one["engine"] - one["glass_to_text"])[:3]
        ],
        "load": round(os.getloadavg()[0], 1),
        "levels": {
            str(level): sum(event["level"] == level for event in captions) for level in sorted({e["level"] for e in captions})
        },
        "sources": dict(kept.sources.most_common(8)),
        "seconds": {kind: round(value, 1) for kind, value in by_kind.items()},
        "tokens_mean": round(float(np.mean([event["tokens"] for event in captions])), 1) if captions else 0,
    }


async def asked_before(live: Live, engine: Any, size: str) -> float:
    """Seconds of the first answers, one alone and eight at once: engines compile what a question needs
    when they meet it, and a stream's first windows would be given up meanwhile."""
    width, height = live.recipe.size.of(*map(int, size.split("x")))
    count, began, drawn = live.settings.frames, time.monotonic(), np.random.default_rng(0)
    times, indices = tuple(number / live.settings.fps for number in range(count)), tuple(range(count))
    for at_once in (1, 8):
        pictures = [drawn.integers(0, 256, (count, height, width, 3)).astype(np.uint8) for _ in range(at_once)]
        batches = [FrameBatch(data=data, times=times, indices=indices) for data in pictures]
        asks = [request_for(batch, live.settings.window, live.recipe, words=1.0, before="", prompt=None) for batch in batches]
        await asyncio.gather(*(engine.ask(request) for request in asks))
    return time.monotonic() - began


async def main(asked: argparse.Namespace) -> dict[str, Any]:
    counts = [int(count) for count in asked.streams.split(",")]
    settings = LiveSettings(
        model=asked.model if asked.engine != "echo" else None, engine=asked.engine, window=asked.window, fps=asked.fps,
        max_tokens=asked.max_tokens, skip_static=False, previous=0, temperature=1.0 if asked.random_weights else 0.0,
        engine_arg=(*asked.engine_arg, *(("load_format=dummy", "generation_config=vllm") if asked.random_weights else ())),
    )  # fmt: skip
    way = await way_that_works(asked.by, asked.size, asked.rate, settings)
    settings = settings.model_copy(update={"accept": way == "rtmp"})
    captioner = EchoCaptioner(delay=asked.delay, capacity=max(counts)) if asked.engine == "echo" else None
    steps: list[dict[str, Any]] = []
    one = Live.of(["-"], settings)
    async with one.engine(captioner=captioner) as engine:
        await engine.warm()
        print(f"the first answers came after {await asked_before(one, engine, asked.size):.1f} s", file=sys.stderr, flush=True)
        for count in counts:
            with Sender(way, asked.size, asked.rate, count) as sender:
                live = Live.of([f"s{number}={url}" for number, url in enumerate(sender.urls)], settings)
                try:
                    steps.append(await step(live, engine, asked.seconds))
                except NoPicture as error:
                    raise SystemExit(f"scripts/bench live: {error}; {sender.state()}") from None
                steps[-1]["sender"] = sender.state()
            print(json.dumps(steps[-1]), flush=True)
    return {
        "machine": {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        "command": " ".join(sys.argv[1:]), "by": way, "window": asked.window, "frames": settings.frames, "max_tokens": asked.max_tokens,
        "size": asked.size, "rate": asked.rate, "steps": steps,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--engine-arg", action="append", default=[])
    parser.add_argument("--delay", type=float, default=0.5, help="seconds of an answer of --engine echo")
    parser.add_argument("--streams", default="1,8")
    parser.add_argument("--by", default="auto", choices=["auto", "udp", "http", "file", "rtmp"])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each step, beside the warm-up")
    parser.add_argument("--window", type=float, default=4.0)
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--max-tokens", type=int, default=40)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--rate", type=int, default=25)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    needed_model(wanted.model, random_weights=wanted.random_weights)
    needed(*(("vllm",) if wanted.engine == "vllm" else ()), *(("imageio_ffmpeg",) if wanted.by == "rtmp" else ()))
    if wanted.random_weights:
        wanted.model = with_words(wanted.model)
    result = asyncio.run(main(wanted))
    if wanted.json:
        wanted.json.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
