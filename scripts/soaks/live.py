"""scripts/soak live [--hours 1]: a stream for hours, with a kill every minute: the sender, the reading process, the engine in turn.
(An engine that dies more than three times in ten minutes is given up by the house's rule, so it is its turn every fourth minute.)

All outputs are on: events and their description, HLS, recordings (a minute each, the oldest removed), and the page with a client.

Told at the end: slopes of memory (ours and the reading process's, by least squares after the first ten minutes), open descriptors,
how soon a loss was noticed and a caption came after the source was back, and whether every second was accounted for. The reading process
is looked at when it has lived for SETTLED seconds: each kill begins a new one, and its beginning says nothing of what it grows by.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/support"))

import numpy as np
from senders import FFMPEG, free_port, picture

from models.engines.echo import EchoCaptioner
from models.errors import EngineDead
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.live.address import understand
from pipeline.live.events import Event, stretch
from pipeline.live.heap import hold_what_is_used
from pipeline.live.outputs.base import Output
from pipeline.live.outputs.hls import Hls
from pipeline.live.outputs.journal import Journal
from pipeline.live.outputs.listeners import KEPT
from pipeline.live.outputs.page import Page
from pipeline.live.outputs.record import Recording
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.types import Model

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


def memory(pid: int | str) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def minutes_of(samples: list[tuple[float, float]]) -> dict[int, float]:
    """Minute -> the median of its samples, in MB: a window's pictures (3.5 MB) are there for a moment and gone."""
    minutes: dict[int, list[float]] = {}
    for moment, value in samples:
        minutes.setdefault(int(moment // 60), []).append(value)
    return {minute: float(np.median(found)) / 1e6 for minute, found in minutes.items()}


def slope(samples: list[tuple[float, float]]) -> dict[str, float]:
    """MB an hour, by least squares over the medians of the minutes, and the standard error of that."""
    minutes = minutes_of(samples)
    if len(minutes) < 4:
        return {"slope": 0.0, "error": float("inf")}
    hours, values = np.array(list(minutes)) / 60, np.array(list(minutes.values()))
    (found, _), covariance = np.polyfit(hours, values, 1, cov=True)
    return {"slope": round(float(found), 3), "error": round(float(covariance[0, 0] ** 0.5), 3)}


def resident(pid: int | str) -> dict[str, float]:
    """Megabytes of a process by kind: its own, shared (the ring of pictures), and of files."""
    rows = dict(row.split(":", 1) for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("Rss"))
    return {kind: round(int(rows[kind].split()[0]) / 1000, 2) for kind in ("RssAnon", "RssShmem", "RssFile")}


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


async def main(hours: float, every: float, folder: Path) -> dict[str, Any]:
    hold_what_is_used()  # as the command does
    port = free_port()
    watched, dying = Watched(), [False]

    def fault(_: object) -> Exception | None:
        if dying[0]:
            dying[0] = False
            return EngineDead("killed by the soak")
        return None

    engine = Engine(EchoCaptioner(delay=0.3, fault=fault))
    plan = Plan(name="soak", address=understand(f"udp://127.0.0.1:{port}"), window=WINDOW, skip_static=False, copy=2.0)
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
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    descriptors: list[int] = []
    kills = {"sender": 0, "reader": 0, "engine": 0}
    begun = time.monotonic()
    running = asyncio.create_task(station.run())
    number, reader, reader_since = 0, 0, begun
    while not page.address and not running.done():  # noqa: ASYNC110 - a socket says nothing when it listens
        await asyncio.sleep(0.1)
    client = asyncio.create_task(read_page(page.address))
    kinds: list[dict[str, float]] = []
    engine_died = begun
    # what a page keeps for those who come back is full at once, and not after an hour: its filling is no growth
    for filled in range(KEPT):
        told = stretch(
            "caption", "before", 0, filled * 4.0, filled * 4.0 + 4, text=f"{filled:5} what was seen before " * 2, id=filled
        )
        page.offer(
            {**told, "outcome": "ok", "level": 0, "latency": dict.fromkeys(("engine", "emit", "close", "wait"), filled / 7)}
        )
    try:
        while time.monotonic() - begun < hours * 3600 and not running.done():
            next_kill = begun + (number + 1) * every
            while time.monotonic() < next_kill and not running.done():
                await asyncio.sleep(2)
                now = time.monotonic() - begun
                connection = station.streams[0].connection
                pid = connection.feed.pid if connection is not None else 0
                if pid != reader:
                    reader, reader_since = pid, time.monotonic()
                if now > min(WARM, hours * 3600 / 3):
                    ours.append((now, memory("self")))
                    if station.streams[0].state == "live" and time.monotonic() - reader_since > SETTLED:
                        theirs.append((now, station.streams[0].tick.rss))
            kinds.append(resident("self"))
            descriptors.append(len(os.listdir("/proc/self/fd")))
            what = ("sender", "reader", "engine", "reader")[number % 4]
            if what == "engine" and time.monotonic() - engine_died < ENGINE_EVERY:
                what = "reader"
            number += 1
            kills[what] += 1
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
                os.kill(connection.feed.pid, signal.SIGKILL)
            else:
                dying[0], engine_died = True, time.monotonic()
        station.stop()
        how = await running
    finally:
        sender.kill()
        sender.wait()
        for task in (running, client):
            task.cancel()
        await asyncio.gather(running, client, return_exceptions=True)
        await engine.close()
    stream = station.streams[0]
    return {
        "hours": round((time.monotonic() - begun) / 3600, 3), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "how": how,
        "kills": kills, "captions": watched.captions, "reconnects": stream.reconnects,
        "seconds": {kind: round(value, 1) for kind, value in stream.timeline.ledger.seconds.items()},
        "accounted": round(watched.edge, 1), "holes": watched.holes, "unaccounted": stream.timeline.ledger.waiting,
        "rss_mb_per_hour": {"parent": slope(ours), "child": slope(theirs)},
        "parent_mb_by_minute": {minute: round(value, 2) for minute, value in minutes_of(ours).items()},
        "parent_mb": {"after_warm_up": kinds[min(len(kinds) - 1, int(WARM / every))], "last": kinds[-1]} if kinds else {},
        "samples": {"parent": len(ours), "child": len(theirs)},
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
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = asyncio.run(main(asked.hours, asked.every, Path(place)))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["holes"] or found["unaccounted"]))
