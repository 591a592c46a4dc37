"""scripts/soak live [--hours 1]: a stream for hours, with a kill every minute: the sender, the reading process, the engine in turn.
(An engine that dies more than three times in ten minutes is given up by the house's rule, so it is its turn every fourth minute.)

Told at the end: slopes of memory (ours and the reading process's, by least squares after the first ten minutes), open descriptors,
how soon a loss was noticed and a caption came after the source was back, and whether every second was accounted for.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
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
from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.live.plan import Plan
from pipeline.live.station import Station

WARM = 600.0
"""seconds that memory may settle in"""
EVERY = 60.0
WINDOW = 4.0


class Watched(Output):
    """What is told, looked at as it comes and not kept."""

    name = "watched"

    def __init__(self) -> None:
        super().__init__()
        self.edge, self.holes, self.captions = 0.0, 0, 0
        self.lost_at: float | None = None
        self.noticed: list[float] = []
        self.back_at: float | None = None
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
            if self.back_at is not None and self.lost_at is None:
                self.again.append(time.monotonic() - self.back_at)
                self.back_at = None


def memory(pid: int | str) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def slope(samples: list[tuple[float, float]]) -> float:
    """MB an hour, by least squares."""
    if len(samples) < 3:
        return 0.0
    times, values = np.array(samples).T
    return float(np.polyfit(times / 3600, values / 1e6, 1)[0])


async def main(hours: float, every: float) -> dict[str, Any]:
    port = free_port()
    watched, dying = Watched(), [False]

    def fault(_: object) -> Exception | None:
        if dying[0]:
            dying[0] = False
            return EngineDead("killed by the soak")
        return None

    engine = Engine(EchoCaptioner(delay=0.3, fault=fault))
    plan = Plan(name="soak", address=understand(f"udp://127.0.0.1:{port}"), window=WINDOW, skip_static=False)
    station = Station([plan], Recipe(model="echo", engine="echo"), engine)
    station.outputs.append(watched)

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
    number = 0
    try:
        while time.monotonic() - begun < hours * 3600 and not running.done():
            next_kill = begun + (number + 1) * every
            while time.monotonic() < next_kill and not running.done():
                await asyncio.sleep(2)
                now = time.monotonic() - begun
                if now > min(WARM, hours * 3600 / 3):
                    ours.append((now, memory("self")))
                    connection = station.streams[0].connection
                    if connection is not None and station.streams[0].state == "live":
                        theirs.append((now, station.streams[0].facts.get("rss", 0)))
            descriptors.append(len(os.listdir("/proc/self/fd")))
            what = ("sender", "reader", "engine", "reader")[number % 4]
            number += 1
            kills[what] += 1
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
                dying[0] = True
        station.stop()
        how = await running
    finally:
        sender.kill()
        sender.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.close()
    stream = station.streams[0]
    return {
        "hours": round((time.monotonic() - begun) / 3600, 3), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "how": how,
        "kills": kills, "captions": watched.captions, "reconnects": stream.reconnects,
        "seconds": {kind: round(value, 1) for kind, value in stream.timeline.ledger.seconds.items()},
        "accounted": round(watched.edge, 1), "holes": watched.holes, "unaccounted": stream.timeline.ledger.waiting,
        "rss_slope_mb_per_hour": {"parent": round(slope(ours), 3), "child": round(slope(theirs), 3)},
        "descriptors": {"first": descriptors[0] if descriptors else 0, "last": descriptors[-1] if descriptors else 0},
        "noticed_s": {"max": round(max(watched.noticed, default=0), 2), "count": len(watched.noticed)},
        "caption_after_back_s": {"max": round(max(watched.again, default=0), 2), "median": round(float(np.median(watched.again or [0])), 2)},
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--every", type=float, default=EVERY, help="seconds between two kills")
    asked = parser.parse_args()
    found = asyncio.run(main(asked.hours, asked.every))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["holes"] or found["unaccounted"]))
