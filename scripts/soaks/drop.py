"""Films dropped by the thousand, a second thousand during the run, SIGKILLs in between: each is done, and once.

python scripts/soaks/drop.py --films 1000 --kills 5
"""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.soaks.clips import clip
from scripts.soaks.service import Service


class Receiver:
    """Counts webhooks by delivery and by film."""

    def __init__(self) -> None:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        self.events: list[dict[str, object]] = []
        events = self.events

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--settle", default="1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=3600)
    parser.add_argument("--untimed", action="store_true", help="SIGTERM may take longer than ten seconds: the machine is busy")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    base = Path(tempfile.mkdtemp(prefix="scenescribe-drop-"))
    receiver = Receiver()
    service = Service(base, "--settle", options.settle, "--webhook", receiver.url)
    total = 2 * options.films
    clip("")  # encode before the clock starts
    service.start()
    started = time.monotonic()

    def drop(first: int) -> None:
        for i in range(first, first + options.films):
            (service.inbox / f"film{i:05}.mp4").write_bytes(clip(f"film {i}"))

    def described() -> int:
        return sum(1 for _ in service.out.glob("*.json"))

    drop(0)
    marks = sorted(chance.randrange(total // 20, total * 9 // 10) for _ in range(options.kills))
    late = threading.Timer(2.0, drop, [options.films])
    late.start()
    kills = []
    for mark in marks:
        service.wait(f"{mark} films", lambda mark=mark: described() >= mark, options.patience)
        time.sleep(chance.random() * 0.3)
        service.stop(signal.SIGKILL)
        kills.append(described())
        time.sleep(0.5)
        if orphans := service.orphans():
            print(f"FAILED: processes left after a kill: {orphans}")
        service.start()
    service.wait("all films", lambda: described() >= total, options.patience)
    took = time.monotonic() - started
    service.wait("all told", lambda: len({event["path"] for event in receiver.events}) >= total, 120)
    code, seconds = service.stop()
    jobs = service.jobs()
    problems = []
    states = Counter(job["state"] for job in jobs)
    if states != {"done": total}:
        problems.append(f"states {dict(states)} and not {total} done")
    if attempts := Counter(job["attempts"] for job in jobs if job["attempts"] != 1):
        problems.append(f"attempts {dict(attempts)}")
    done = Counter(line["path"] for line in service.events("done"))
    if twice := [path for path, count in done.items() if count > 1]:
        problems.append(f"{len(twice)} films ended twice, such as {twice[0]}")
    for suffix in ("json", "en.srt", "en.vtt"):
        if (count := len(list(service.out.glob(f"*.descriptions.{suffix}")))) != total:
            problems.append(f"{count} files .{suffix}")
    ids = Counter(event["id"] for event in receiver.events)
    if len(ids) != total:
        problems.append(f"{len(ids)} events for {total} films")
    problems += [f"temporary file {path}" for path in service.temporary()[:5]]
    problems += [f"process left: {pid}" for pid in service.orphans()]
    if code != 143 or (seconds > 10 and not options.untimed):
        problems.append(f"SIGTERM: code {code} after {seconds:.1f} s")
    print(
        f"{total} films in two drops, {len(kills)} SIGKILLs (at {kills} films): {took:.0f} s, {total / took:.1f} films/s; "
        f"events delivered more than once: {sum(count - 1 for count in ids.values())}; SIGTERM took {seconds:.1f} s"
    )
    for problem in problems:
        print(f"FAILED: {problem}")
    if problems:
        print(f"see {base}")
        return 1
    shutil.rmtree(base)
    print("all done, each once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
