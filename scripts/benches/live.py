"""scripts/bench live: how late descriptions of N live streams are, and how many streams one engine takes.

    scripts/bench live --engine echo --delay 0.5 --streams 1                          overhead alone, no model
    scripts/bench live --model FOLDER --random-weights --streams 8,33,48,60 --json live.json

Each stream is a sender of its own (ffmpeg, MPEG-TS over UDP on loopback, --by rtmp: pushed over TCP; a drawn clip, copied at the pace of
a camera), read by its own process. Windows are staggered, as the command does it. The first 20 s of each step are left out. MPEG-TS carries no clock:
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
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/support"))
from scripts.needed import needed, needed_model
from scripts.random_weights import with_words

needed("imageio_ffmpeg")


import numpy as np
from ports import free_port
from senders import FFMPEG, picture, sending, sending_again

from models.engines.echo import EchoCaptioner
from pipeline.live.events import Event
from pipeline.live.opening import Live
from pipeline.live.outputs.base import Output
from pipeline.options.live import LiveSettings

WARM_UP = 20.0
AHEAD = -10
"""niceness of the senders, where that may be"""
SPENT = {"glass_to_text", "transport", "engine", "close", "wait", "prepare", "emit"}


class Kept(Output):
    """Captions and gaps after the warm-up; what is told of sources, from the beginning."""

    name = "kept"

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.sources: Counter[str] = Counter()

    def offer(self, event: Event) -> None:
        if event["event"] == "source":
            self.sources[" ".join(filter(None, (event["state"], event.get("reason"), event.get("message"))))] += 1
        if event.get("start", 0.0) >= WARM_UP:
            self.events.append(event)


def clip(folder: Path, size: str, rate: int, seconds: float) -> Path:
    """As long as all steps, encoded once: sending costs next to nothing then, and no seam of a loop is measured."""
    film = folder / "clip.ts"
    if not film.exists():
        arguments = [*picture(size=size, rate=rate, seconds=seconds)[1:], "-g", str(rate), "-f", "mpegts", str(film)]
        subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)
    return film


def percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in (50, 90, 95, 99)} | {
        "mean": round(float(np.mean(values)), 3)
    }


async def step(live: Live, engine: Any, ports: list[int], seconds: float) -> dict[str, Any]:
    """One number of streams, for so long."""
    station, kept = live.station(engine), Kept()
    station.outputs.append(kept)
    asyncio.get_running_loop().call_later(seconds, station.stop)
    await station.run()
    captions = [event for event in kept.events if event["event"] == "caption"]
    latency = [event["latency"] for event in captions]
    by_kind: dict[str, float] = {}
    for event in kept.events:
        if event["event"] in ("caption", "unchanged", "gap", "offline"):
            by_kind[event["event"]] = by_kind.get(event["event"], 0.0) + event["end"] - event["start"]
    return {
        "streams": len(ports),
        "captions": len(captions),
        "captions_per_second": round(len(captions) / max(1.0, seconds - WARM_UP), 2),
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


async def main(asked: argparse.Namespace) -> dict[str, Any]:
    counts = [int(count) for count in asked.streams.split(",")]
    settings = LiveSettings(
        model=asked.model if asked.engine != "echo" else None, engine=asked.engine, window=asked.window, fps=asked.fps,
        max_tokens=asked.max_tokens, accept=asked.by == "rtmp", skip_static=False, previous=0, temperature=1.0 if asked.random_weights else 0.0,
        engine_arg=(*asked.engine_arg, *(("load_format=dummy", "generation_config=vllm") if asked.random_weights else ())),
    )  # fmt: skip
    most = max(counts)
    ports = sorted({free_port() for _ in range(most * 3)})[:most]
    steps: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place, ExitStack() as senders:
        film = clip(Path(place), asked.size, asked.rate, len(counts) * (WARM_UP + asked.seconds + 10) + 30)
        pushed = asked.by == "rtmp"
        wished = Live.of(
            [f"s{port}=rtmp://127.0.0.1:{port}/live/film" if pushed else f"s{port}=udp://127.0.0.1:{port}" for port in ports],
            settings,
        )
        captioner = EchoCaptioner(delay=asked.delay, capacity=most) if asked.engine == "echo" else None
        async with wished.engine(captioner=captioner) as engine:
            await engine.warm()
            for port in ports:
                if pushed:  # it waits for a listener
                    where = ("-f", "flv", f"rtmp://127.0.0.1:{port}/live/film")
                    senders.enter_context(sending_again("-re", "-i", film, "-c", "copy", *where))
                    continue
                where = ("-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
                sender = senders.enter_context(sending("-re", "-i", film, "-c", "copy", *where))
                with suppress(PermissionError):  # a camera has a processor of its own
                    os.setpriority(os.PRIO_PROCESS, sender.pid, AHEAD)
            for count in counts:
                steps.append(
                    await step(replace(wished, plans=wished.plans[:count]), engine, ports[:count], WARM_UP + asked.seconds)
                )
                print(json.dumps(steps[-1]), flush=True)
    return {
        "machine": {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        "command": " ".join(sys.argv[1:]), "window": asked.window, "frames": settings.frames, "max_tokens": asked.max_tokens,
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
    parser.add_argument("--by", default="udp", choices=["udp", "rtmp"])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each step, beside the warm-up")
    parser.add_argument("--window", type=float, default=4.0)
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--max-tokens", type=int, default=40)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--rate", type=int, default=25)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    needed_model(wanted.model, random_weights=wanted.random_weights)
    needed(*(("vllm",) if wanted.engine == "vllm" else ()))
    if wanted.random_weights:
        wanted.model = with_words(wanted.model)
    result = asyncio.run(main(wanted))
    if wanted.json:
        wanted.json.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
