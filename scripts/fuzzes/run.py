"""Feed each door many mutants: no traceback, none over 10 seconds or 500 MB. A door has a process of its own; what fails is kept.

scripts/fuzz srt json --count 10000 --seed 1

Seconds are the processor's, so that a busy machine finds no more than a quiet one; what waits for ever is ended by the clock.
"""

import argparse
import faulthandler
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from scripts.fuzzes.doors import DOORS, EXPECTED  # noqa: E402 - found by the line above
from scripts.fuzzes.mutate import mutants  # noqa: E402

SECONDS, MEGABYTES = 10, 500
KEEP = Path(tempfile.gettempdir()) / f"scenescribe-fuzz-{os.getuid()}" / "failures"
ROOM = 6 << 30
"""bytes of address space"""
STUCK = 60
"""seconds of the clock after which an input is given up; twice as many, and even what no signal interrupts is ended, with a traceback"""


def feed(name: str, count: int, seed: int, keep: Path | None = None, *, alarms: bool = True) -> list[str]:
    """What went wrong, a line each. ``alarms`` False where somebody else uses the alarms."""
    door, wrong = DOORS[name](), []
    slowest, before = (0.0, 0), _peak()
    start = before

    def too_long(*_: object) -> None:
        raise TimeoutError

    old = [(one, signal.signal(one, too_long)) for one in (signal.SIGPROF, signal.SIGALRM) if alarms]
    try:
        for n, data in enumerate(mutants(door.seeds, count, seed)):
            started = time.process_time()
            if alarms:
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                signal.alarm(STUCK)
                faulthandler.dump_traceback_later(2 * STUCK, exit=True)
            trouble = ""
            try:
                door.read(data)
            except EXPECTED:
                pass
            except TimeoutError:
                trouble = f"over {SECONDS} s of the processor, or {STUCK} of the clock"
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                trouble = f"{type(error).__name__}: {str(error)[:120]} ({Path(place.filename).name}:{place.lineno})"
            finally:
                if alarms:
                    signal.setitimer(signal.ITIMER_PROF, 0)
                    signal.alarm(0)
                    faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, (time.process_time() - started, n))
            if (grown := _peak() - before) > MEGABYTES:
                trouble, before = trouble or f"{grown:.0f} MB", _peak()
            if trouble:
                wrong.append(f"{name} {seed}/{n}: {trouble}")
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{name}-{seed}-{n}").write_bytes(data)
    finally:
        for one, handler in old:
            signal.signal(one, handler)
        door.close()
    print(
        f"{name}: {count} inputs, {len(wrong)} wrong, slowest {slowest[0]:.2f} s (input {slowest[1]}), memory +{_peak() - start:.0f} MB",
        flush=True,
    )
    return wrong


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("doors", nargs="*", metavar="DOOR", help=", ".join(DOORS))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=KEEP, help=f"folder for inputs that fail; {KEEP}")
    given = parser.parse_args()
    faulthandler.enable()
    os.nice(10)
    if len(given.doors) == 1:
        resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))  # what asks for too much is a MemoryError, and the machine lives on
        wrong = feed(given.doors[0], given.count, given.seed, given.keep)
        print("\n".join(wrong[:20]))
        return 1 if wrong else 0
    words = ["--count", str(given.count), "--seed", str(given.seed), "--keep", str(given.keep)]
    return max(subprocess.run([sys.executable, __file__, name, *words], check=False).returncode for name in given.doors or DOORS)


if __name__ == "__main__":
    sys.exit(main())
