"""scripts/soak live [--hours 1]: a stream for hours, with a kill every minute: the sender, the reading process, the engine in turn.
Faster: ``--every 6 --window 1 --trace 30`` has ten times the kills and four times the windows, and tells of memory as it goes.
(An engine that dies more than three times in ten minutes is given up by the house's rule, so it is its turn every fourth minute.)

All outputs are on: events and their description, HLS, recordings (a minute each, the oldest removed), and the page with a client.
What is kept and bounded is filled before: the events of the page, the words of the subtitles' layout.

Told at the end: slopes of memory (ours and the reading process's, by least squares after the first ten minutes), open descriptors,
how soon a loss was noticed and a caption came after the source was back, and whether every second was accounted for. The reading process
is looked at when it has lived for SETTLED seconds: each kill begins a new one, and its beginning says nothing of what it grows by.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/support"))

import numpy as np
from ports import free_port
from senders import FFMPEG, picture

from models.engines.echo import EchoCaptioner
from models.errors import EngineDead
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.heap import hold_what_is_used
from pipeline.live import events
from pipeline.live.address import understand
from pipeline.live.events import Event, stretch
from pipeline.live.outputs.base import Output
from pipeline.live.outputs.hls import Hls
from pipeline.live.outputs.journal import Journal
from pipeline.live.outputs.listeners import KEPT
from pipeline.live.outputs.page import Page
from pipeline.live.outputs.record import Recording
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.types import Model
from scripts.soaks.memory import Samples, account, caches, fill_caches, memory, objects, own_memory, resident

WARM = 600.0
"""seconds that memory may settle in"""
EVERY = 60.0
WINDOW = 4.0
ENGINE_EVERY = 200.0
"""seconds between two deaths of the engine, at least"""
SETTLED = 25.0
"""seconds that a reading process has lived before its memory counts"""
MODEL = Model(name="echo", id="echo", revision="", engine="echo", engine_version="")


class Watched(Output):
    """What is told, looked at as it comes and not kept."""

    name = "watched"

    def __init__(self) -> None:
        super().__init__()
        self.edge, self.holes, self.captions = 0.0, 0, 0
        self.lost_at: float | None = None
        self.noticed: list[float] = []
        self.back_at: float | None = None
        self.epoch = 0
        """of the connection that was lost: what was asked of it may be answered afterwards"""
        self.again: list[float] = []

    def offer(self, event: Event) -> None:
        if event["event"] in ("caption", "unchanged", "gap", "offline"):
            self.holes += abs(event["start"] - self.edge) > 1e-3
            self.edge = event["end"]
        if event["event"] == "source" and event["state"] == "offline" and self.lost_at is not None:
            self.noticed.append(time.monotonic() - self.lost_at)
            self.lost_at = None
        if event["event"] == "caption":
            self.captions += 1
            if self.back_at is not None and self.lost_at is None and event["epoch"] > self.epoch:
                self.again.append(time.monotonic() - self.back_at)
                self.back_at = None


async def read_page(address: str) -> None:
    """A browser that has the page open, and comes back when it is cut off."""
    import httpx

    async with httpx.AsyncClient(timeout=None) as client:
        while True:
            try:
                async with client.stream("GET", f"{address}/events") as answer:
                    async for _ in answer.aiter_raw():
                        pass
            except httpx.HTTPError:
                await asyncio.sleep(1)


async def tell_of_memory(every: float, begun: float) -> None:
    while True:
        await asyncio.sleep(every)
        print(json.dumps({"after": round(time.monotonic() - begun), **account()}), flush=True)


def before(number: int) -> Event:
    """As large as a stream's, and made as those are (a dictionary that grew is larger): a page's memory is full of these from the start."""
    start = number + number / 7
    event = stretch("caption", "before", 0, start, start + 4.1)
    event |= {"utc_start": events.utc(1e9 + start), "utc_end": events.utc(1e9 + start + 4.1), "clock": "arrival"}
    event = {"event": "caption", "stream": "before", "id": number, **event} | {
        "text": f"{number:8} what was seen before", "outcome": "ok", "level": 0, "frames": 8, "merged": 1, "tokens": 300 + number,
    }  # fmt: skip
    parts = ("glass_to_text", "transport", "close", "wait", "prepare", "engine", "emit")
    event["latency"] = {part: start / place for place, part in enumerate(parts, 3)}
    return event


async def main(hours: float, every: float, window: float, trace: float, folder: Path) -> dict[str, Any]:
    hold_what_is_used()  # as the command does
    gc.freeze()
    port = free_port()
    watched, dying = Watched(), [False]

    def fault(_: object) -> Exception | None:
        if dying[0]:
            dying[0] = False
            return EngineDead("killed by the soak")
        return None

    engine = Engine(EchoCaptioner(delay=0.3, fault=fault))
    plan = Plan(name="soak", address=understand(f"udp://127.0.0.1:{port}"), window=window, skip_static=False, copy=2.0)
    recipe = Recipe(model="echo", engine="echo")
    station = Station([plan], recipe, engine)
    page = Page("127.0.0.1:0", station)
    shape = station.shape_of
    recording = Recording(folder / "kept", ("srt",), recipe, MODEL, shape, seconds=60, keep_bytes=2e7, keep_days=None)
    hls = Hls(folder / "hls", recipe, MODEL, shape, seconds=2.0, late=False, patience=45.0)
    station.outputs += [watched, Journal(folder / "events", ("srt",), recipe, MODEL, shape), hls, recording, page]

    def send() -> subprocess.Popen[bytes]:
        arguments = [*picture(), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"]
        return subprocess.Popen([FFMPEG, "-v", "quiet", *arguments], stdin=subprocess.DEVNULL)

    sender = send()
    ours, own, theirs = Samples(), Samples(), Samples()
    descriptors: list[int] = []
    kills = {"sender": 0, "reader": 0, "engine": 0}
    begun = time.monotonic()
    running = asyncio.create_task(station.run())
    number, reader, reader_since = 0, 0, begun
    while not page.address and not running.done():  # noqa: ASYNC110 - a socket says nothing when it listens
        await asyncio.sleep(0.1)
    client = asyncio.create_task(read_page(page.address))
    kinds: list[dict[str, float]] = []
    warm = min(WARM, hours * 3600 / 3)
    types = objects() if trace else None
    tracing = asyncio.create_task(tell_of_memory(trace, begun)) if trace else None
    engine_died = begun
    for number_before in range(KEPT):
        page.offer(before(number_before))
    await asyncio.to_thread(fill_caches, lambda text: hls._layout(0.0, 4.0, text))
    try:
        while time.monotonic() - begun < hours * 3600 and not running.done():
            next_kill = begun + (number + 1) * every
            while time.monotonic() < next_kill and not running.done():
                await asyncio.sleep(random.uniform(1.0, 2.0))  # every two seconds would see windows of four at two moments alone
                now = time.monotonic() - begun
                connection = station.streams[0].connection
                pid = connection.feed.pid if connection is not None else 0
                reader, reader_since = (pid, time.monotonic()) if pid != reader else (reader, reader_since)
                if now > warm:
                    if types is not None and not ours:
                        types = objects()
                    ours.add(now, memory("self"))
                    own.add(now, own_memory("self"))
                    if station.streams[0].state == "live" and time.monotonic() - reader_since > SETTLED:
                        theirs.add(now, station.streams[0].tick.rss)
            if time.monotonic() - begun > warm:
                kinds, descriptors = [*kinds[:1], resident("self")], [*descriptors[:1], len(os.listdir("/proc/self/fd"))]
            what = ("sender", "reader", "engine", "reader")[number % 4]
            if what == "engine" and time.monotonic() - engine_died < ENGINE_EVERY:
                what = "reader"
            number, kills[what] = number + 1, kills[what] + 1
            watched.epoch = station.streams[0].timeline.epoch
            connection = station.streams[0].connection
            if what == "sender":
                sender.kill()
                sender.wait()
                watched.lost_at = time.monotonic()
                await asyncio.sleep(12)
                sender = send()
                watched.back_at = time.monotonic()
            elif what == "reader" and connection is not None:
                watched.lost_at = watched.back_at = time.monotonic()
                with suppress(ProcessLookupError):  # it just ended by itself
                    os.kill(connection.feed.pid, signal.SIGKILL)
            else:
                dying[0], engine_died = True, time.monotonic()
        grown = (objects() - types).most_common(12) if types is not None else None
        station.stop()
        how = await running
    finally:
        sender.kill()
        sender.wait()
        for task in (tasks := [task for task in (running, client, tracing) if task is not None]):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await engine.close()
    stream = station.streams[0]
    return {
        "hours": round((time.monotonic() - begun) / 3600, 3), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "how": how,
        "kills": kills, "captions": watched.captions, "reconnects": stream.reconnects,
        "seconds": {kind: round(value, 1) for kind, value in stream.timeline.ledger.seconds.items()},
        "accounted": round(watched.edge, 1), "holes": watched.holes, "unaccounted": stream.timeline.ledger.waiting,
        "rss_mb_per_hour": {"parent": ours.slope(), "parent_own": own.slope(), "child": theirs.slope()},
        "parent_mb_by_minute": {minute: round(value, 2) for minute, value in ours.minutes().items()},
        "parent_own_mb_by_minute": {minute: round(value, 2) for minute, value in own.minutes().items()},
        "parent_mb": {"after_warm_up": kinds[0], "last": kinds[-1]} if kinds else {},
        **({"objects_grown": grown} if grown is not None else {}),
        "samples": {"parent": len(ours), "child": len(theirs)}, "caches": caches(),
        "written": {
            "recordings": recording.files, "kept": len(list((folder / "kept").glob("*.ts"))),
            "hls_files": len(list((folder / "hls/soak").iterdir())), "lost": {one.name: one.lost for one in station.outputs},
        },
        "descriptors": {"first": descriptors[0] if descriptors else 0, "last": descriptors[-1] if descriptors else 0},
        "noticed_s": {"max": round(max(watched.noticed, default=0), 2), "count": len(watched.noticed)},
        "caption_after_back_s": {"max": round(max(watched.again, default=0), 2), "median": round(float(np.median(watched.again or [0])), 2)},
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--every", type=float, default=EVERY, help="seconds between two kills")
    parser.add_argument("--window", type=float, default=WINDOW, help="seconds")
    parser.add_argument("--trace", type=float, default=0.0, help="seconds between two looks at memory and at which objects grew")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = asyncio.run(main(asked.hours, asked.every, asked.window, asked.trace, Path(place)))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["holes"] or found["unaccounted"]))
