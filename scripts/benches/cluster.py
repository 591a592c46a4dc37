"""``annotate`` through Ray on this machine over ``annotate`` without: the same pictures, engine and machine, in turn.

    scripts/bench cluster --rounds 3                                    echo that takes a second an answer, sixteen at once: no model, no GPU
    scripts/bench cluster --engine vllm --model shapes --images 300

Each run is a command of its own, as a person types it. ``steady`` is pictures a second between the first and the last tenth of the units,
by when each was committed, so that neither Ray's start nor the model's counts; ``seconds`` is the whole command.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed

needed("ray", "PIL", "pyarrow")

from scripts.benches.images_parts.sets import drawn

WAYS = {"alone": [], "through Ray": ["--cluster", "local", "--hosts", "1"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=640)
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--unit", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", default="echo")
    parser.add_argument("--model", default="shapes")
    parser.add_argument(
        "--engine-arg", action="append", default=None, help="of echo: delay=1 and capacity=16 where nothing is said"
    )
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each run")
    asked = parser.parse_args()
    needed(*(("vllm",) if asked.engine == "vllm" else ()))
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        _measure(asked, Path(place))


def _measure(asked: argparse.Namespace, place: Path) -> None:
    (place / "in").mkdir()
    for number, data in enumerate(drawn(asked.images, *map(int, asked.size.split("x")))):
        (place / "in" / f"{number:06d}.jpg").write_bytes(data)
    found: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "images": asked.images, "runs": {way: [] for way in WAYS}}
    for turn in range(asked.rounds):
        for way, words in WAYS.items():
            ran = _run(asked, place / "in", place / f"{way} {turn}", words)
            found["runs"][way].append(ran)
            print(way, ran, f"load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
            steady = {name: statistics.median(run["steady"] for run in runs) for name, runs in found["runs"].items() if runs}
            if len(steady) == len(WAYS):
                found["ratio"] = round(steady["through Ray"] / steady["alone"], 3)
            if asked.json:
                asked.json.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def _run(asked: argparse.Namespace, source: Path, out: Path, more: list[str]) -> dict[str, float]:
    given = asked.engine_arg or (["delay=1", "capacity=16"] if asked.engine == "echo" else [])
    words = ["annotate", str(source), "-o", str(out), "--engine", asked.engine, "--model", asked.model, "--unit", str(asked.unit)]
    words += [*(word for one in given for word in ("--engine-arg", one)), "--no-progress", "--quiet", *more]
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", *words], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"scripts/bench cluster: {' '.join(words)}: {done.stderr.strip()}")
    times = sorted(path.stat().st_mtime for path in (out / "_scenescribe/done").glob("*.json"))
    tenth = max(1, len(times) // 10)
    steady = asked.unit * (len(times) - 2 * tenth - 1) / (times[-tenth - 1] - times[tenth])
    return {"steady": round(steady, 2), "seconds": round(seconds, 1)}


if __name__ == "__main__":
    main()
