"""scripts/soak slow [--seconds 60]: one live stream whose engine is ten times too slow for a while, and quick again.

    quick (--seconds)   slow: each answer takes ten windows (--seconds)   quick (twice --seconds)

Told: how late descriptions were in each part, the levels, when the stream was at level 0 again, memory, and whether every second was
accounted for. Exits 1 where it was not, where a description was later than --max-window and the engine's time (and three seconds), or
level 0 did not come back.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/support"))

import numpy as np
from ports import free_port
from senders import picture, sending

from models.engines.echo import EchoCaptioner
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.heap import hold_what_is_used
from pipeline.live.address import understand
from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from scripts.soaks.memory import memory

WINDOW, MOST, QUICK = 4.0, 30.0, 0.4


class Heard(Output):
    name = "heard"

    def __init__(self) -> None:
        super().__init__()
        self.captions: list[tuple[float, Event]] = []
        self.edge, self.holes = 0.0, 0

    def offer(self, event: Event) -> None:
        if event["event"] in ("caption", "unchanged", "gap", "offline"):
            self.holes += abs(event["start"] - self.edge) > 1e-3
            self.edge = event["end"]
        if event["event"] == "caption":
            self.captions.append((time.monotonic(), event))


async def main(seconds: float) -> dict[str, Any]:
    hold_what_is_used()
    port, heard = free_port(), Heard()
    captioner = EchoCaptioner(delay=QUICK)
    engine = Engine(captioner)
    plan = Plan(name="slow", address=understand(f"udp://127.0.0.1:{port}"), window=WINDOW, max_window=MOST, skip_static=False)
    station = Station([plan], Recipe(model="echo", engine="echo"), engine)
    station.outputs.append(heard)
    controller = station.streams[0].describing.controller
    told: dict[str, Any] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "window": WINDOW, "max_window": MOST}
    with sending(*picture(), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
        running = asyncio.create_task(station.run())
        level_zero: float | None = None
        for part, delay, long in (("quick", QUICK, seconds), ("slow", 10 * WINDOW, seconds), ("quick_again", QUICK, 2 * seconds)):
            captioner._delay = delay
            begun, highest = time.monotonic(), 0
            while time.monotonic() - begun < long:
                await asyncio.sleep(0.2)
                highest = max(highest, controller.level)
                if part == "quick_again" and controller.level == 0 and level_zero is None:
                    level_zero = time.monotonic() - begun
            said = [event for when, event in heard.captions if when >= begun]
            late = [event["latency"]["glass_to_text"] for event in said]
            over = [event["latency"]["glass_to_text"] - event["latency"]["engine"] for event in said]
            told[part] = {
                "captions": len(said), "level_highest": highest, "rss_mb": round(memory("self") / 1e6, 1),
                "glass_to_text_max": round(max(late, default=0.0), 2),
                "beside_the_engine_p50": round(float(np.median(over or [0.0])), 3), "beside_the_engine_max": round(max(over, default=0.0), 2),
                "windows_max": round(max((event["end"] - event["start"] for event in said), default=0.0), 2),
            }  # fmt: skip
        station.stop()
        await running
        await engine.close()
    ledger = station.streams[0].timeline.ledger
    told |= {
        "level_0_after_s": None if level_zero is None else round(level_zero, 1), "holes": heard.holes, "unaccounted": ledger.waiting,
        "seconds": {kind: round(value, 1) for kind, value in ledger.seconds.items()},
        "late": max(event["latency"]["glass_to_text"] for _, event in heard.captions) > MOST + 10 * WINDOW + 3,
    }  # fmt: skip
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    found = asyncio.run(main(parser.parse_args().seconds))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["holes"] or found["unaccounted"] or found["late"] or found["level_0_after_s"] is None))
