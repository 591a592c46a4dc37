"""The reader against OpenCV, PyAV, decord and the ffmpeg command line: the same files, the same samples, one run.

    scripts/bench reader                              all: under half an hour on two cores, once its films are made
    scripts/bench reader --seconds 30 --only exact    a part of it

Every reader makes RGB pictures of 384x384 of the frames on screen at the same times, in order, and holds eight at a
time. Ours includes its child process, the shared memory, the listing of packets and the windows; a pool's child waits
ready for all films, as in a run over many films; ``cold`` is a run that starts its own. Works take turns, the least of
the rounds counts; after the first round only the two fastest of the others go on.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed

needed("av", "cv2")

import av
import cv2

from pipeline.video.children.pool import WorkerPool
from pipeline.video.limits import Limits
from scripts.benches.reader_parts import rows
from scripts.benches.reader_parts.readers import THREADS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/scenescribe-bench"), help="where the films are kept")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--every", type=float, nargs="+", default=[1, 2, 8])
    parser.add_argument("--only", nargs="+", default=["exact", "keyframes", "scenes", "ways", "short", "memory"])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--clip-seconds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path("/tmp/scenescribe-bench/reader.json"))
    options = parser.parse_args()
    needed("decord")
    options.folder.mkdir(parents=True, exist_ok=True)
    begun, found = time.monotonic(), list[dict[str, Any]]()
    print(json.dumps(machine()))
    with WorkerPool(Limits()) as pool:
        common = options.folder, options.seconds, options.repeats, pool
        parts: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
            "exact": lambda: rows.exact(*common, options.every),
            "keyframes": lambda: rows.keyframes(*common),
            "scenes": lambda: rows.scenes(*common),
            "ways": lambda: rows.ways(*common),
            "short": lambda: rows.short(*common, options.clips, options.clip_seconds),
            "memory": lambda: rows.memory(options.folder, options.seconds),
        }
        for name in options.only:
            for row in parts[name]():
                found.append(row)
                print("  ".join(f"{key}={value}" for key, value in row.items() if key != "frames"), flush=True)
                told = {k: str(v) for k, v in vars(options).items()}
                options.json.write_text(json.dumps({"machine": machine(), "options": told, "rows": found}, indent=1))
    print(f"{(time.monotonic() - begun) / 60:.1f} minutes, load now {os.getloadavg()[0]:.1f}")


def machine() -> dict[str, Any]:
    """What it was measured on, and with."""
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": lines[0].partition(":")[2].strip() if lines else platform.machine(),
        "cores": THREADS,
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "cv2": cv2.__version__,
        "av": av.__version__,
        "decord": version("decord"),
    }


if __name__ == "__main__":
    main()
