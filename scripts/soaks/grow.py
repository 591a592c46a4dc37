"""A file that grows in bursts with pauses shorter than --settle is taken once, after its end; then how soon its first caption is there.

python scripts/soaks/grow.py --seconds 60 --pause 4 --settle 5
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.soaks.clips import clip
from scripts.soaks.service import Service


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=4.0)
    parser.add_argument("--settle", type=float, default=5.0)
    options = parser.parse_args()
    chance = random.Random(3)
    base = Path(tempfile.mkdtemp(prefix="scenescribe-grow-"))
    service = Service(base, "--settle", str(options.settle))
    service.start()
    service.wait("the daemon", lambda: service.events("watching"), 300)
    (service.inbox / "warm.mp4").write_bytes(clip("warm"))  # so that reader and engine are warm
    service.wait("the warming film", (service.out / "warm.descriptions.json").exists, 300)
    data, at = clip("grow" * 5000), 0
    started = time.monotonic()
    with (service.inbox / "grow.mp4").open("wb", buffering=0) as file:
        while (passed := time.monotonic() - started) < options.seconds:
            share = min(0.98, passed / options.seconds)
            until = max(at + 1, int(len(data) * share))
            file.write(data[at:until])
            at = until
            time.sleep(chance.uniform(0.1, options.pause))
        file.write(data[at:])
    ended = time.time()
    out = service.out / "grow.descriptions.json"
    service.wait("the film that grew", out.exists, 300)
    described = out.stat().st_mtime - ended
    time.sleep(1)
    service.stop(signal.SIGTERM)
    lines = [line for line in service.lines() if str(line.get("path", "")).endswith("grow.mp4")]
    queued = [datetime.fromisoformat(line["timestamp"]).timestamp() - ended for line in service.events("queued")][1:]
    print(f"written for {options.seconds:.0f} s in bursts; queued {queued[-1]:.2f} s after its end (settle {options.settle:.0f} s), "
          f"described {described - queued[-1]:.2f} s after that; lines about it: {[line['event'] for line in lines]}")  # fmt: skip
    good = [line["event"] for line in lines] == ["queued", "done"] and len(queued) == 1 and queued[0] >= options.settle * 0.9
    if good and described - queued[-1] < 2:
        shutil.rmtree(base)
        return 0
    print(f"FAILED; see {base}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
