"""A daemon killed in the middle of a film asks, after its next start, only for what the journal does not hold.

python scripts/soaks/resume.py --windows 1000 --at 900
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.soaks.service import Service


def film(path: Path, seconds: int) -> None:
    """One picture a second."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 10
        for i in range(seconds):
            image = np.full((48, 64, 3), (i % 256, i // 4 % 256, 99), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--at", type=int, default=900)
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="scenescribe-resume-"))
    service = Service(base, "--settle", "0.2", "--windows", "fixed:seconds=1", "--sampler", "uniform:count=1", "--once")
    film(service.inbox / "long.mp4", options.windows)
    journal = service.out / ".long.descriptions.journal"

    def lines() -> int:
        return journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0

    service.start("--max-in-flight", "1")
    service.wait("the place to kill it at", lambda: lines() >= options.at, 300)
    service.stop(signal.SIGKILL)
    kept = lines()
    process = service.start()
    code = process.wait(300)
    killed = json.loads((service.out / "long.descriptions.json").read_text())
    (service.inbox / "long.mp4").rename(base / "long.mp4")
    again = Service(base / "undisturbed", *service.words)
    shutil.copy2(base / "long.mp4", again.inbox / "long.mp4")
    again.start().wait(300)
    whole = json.loads((again.out / "long.descriptions.json").read_text())
    stats, _ = killed.pop("stats"), whole.pop("stats")
    for one in (killed, whole):
        one["source"].pop("place", None)  # they lie in folders of their own
    same = killed == whole and all(
        (service.out / path.name).read_bytes() == path.read_bytes() for path in again.out.iterdir() if path.suffix != ".json"
    )
    total = len(whole["captions"])
    print(
        f"killed with {kept} of {total} captions in the journal; the next start asked for {stats['asked']}, same outputs: {same}"
    )
    if code == 0 and same and stats["asked"] == total - kept:
        shutil.rmtree(base)
        return 0
    print(f"FAILED ({code}); see {base}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
