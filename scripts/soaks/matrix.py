"""The crash matrix: a fault at every side effect of the daemon in turn, then an undisturbed start; the end must be the same.

    for each kind of fault, for N = 1, 2, 3 ... until a run has no Nth effect:
        a folder of films -> daemon with the fault -> daemon without -> compare with a run that nothing disturbed

Each case is two forks of one warm process, so that hundreds take a minute. The films are made up (a reader of text files that
gives windows as the real one does); ``--real`` takes clips through the real reader, with a muxed video each.
"""

import argparse
import contextlib
import hashlib
import json
import logging
import mmap
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline import cues, formats, media  # noqa: F401 - warm for the forks, which then see one version of the code
from pipeline.formats import json as documents  # noqa: F401 - warm for the forks
from pipeline.store.database import Database
from pipeline.store.queue import Queue
from scripts.soaks.case import Asked, Case
from scripts.soaks.faults import KINDS, Injector
from scripts.soaks.madeup import WINDOWS


def films(place: Path, real: bool) -> None:
    """Three films and a copy of the first."""
    place.mkdir(parents=True)
    for name, text in (("a", "one"), ("b", "two"), ("c", "three"), ("d", "one")):
        path = place / f"{name}.{'mp4' if real else 'txt'}"
        if real:
            from scripts.soaks.clips import clip

            path.write_bytes(clip(text))
        else:
            path.write_text(f"film {text}\n" * 50)


def picture(case: Case) -> dict[str, Any]:
    """What can be seen from outside, without times of day and timings."""
    seen: dict[str, Any] = {}
    for path in sorted(case.folder.rglob("*")):
        below = str(path.relative_to(case.folder))
        if below.startswith("state") or path.is_dir():
            continue
        if path.suffix == ".json" and not path.name.startswith("."):
            seen[below] = {key: value for key, value in json.loads(path.read_text()).items() if key != "stats"}
            seen[below].get("source", {}).pop("place", None)  # each case has a folder of its own
        else:
            seen[below] = hashlib.blake2b(path.read_bytes()).hexdigest()
    seen["state files"] = sorted(path.name for path in (case.folder / "state").iterdir() if "-" not in path.name)
    database = Database(case.folder / "state")
    jobs = Queue(database).jobs()
    seen["jobs"] = [(job.path.name, job.state) for job in jobs]  # which of two copies was described is a matter of order
    seen["reasons"] = sorted(job.reason for job in jobs)
    seen["documents"] = database.rows("SELECT count(*) FROM documents")[0][0]
    seen["deliveries"] = database.rows("SELECT count(*) FROM outbox")[0][0]
    database.close()
    return seen


def in_library(case: Case) -> int:
    """Documents that a daemon that died had kept."""
    if not (case.folder / "state" / "jobs.sqlite3").exists():
        return 0
    database = Database(case.folder / "state")
    try:
        return int(database.rows("SELECT count(*) FROM documents")[0][0])
    finally:
        database.close()


def orphans(case: Case) -> list[str]:
    """Processes that still have the case's folder in their words."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str(case.folder).encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
    return found


def one(case: Case, kind: str, at: int, expected: dict[str, Any], told: mmap.mmap) -> tuple[bool, str, str]:
    """One case. Whether the fault struck, where, and what is wrong (an empty text: nothing)."""
    films(case.folder / "in", case.real)
    told[:64] = b"\0" * 64
    injector = Injector(kind, at, lambda name: told.__setitem__(slice(0, 64), name.encode()[:64].ljust(64, b"\0")))
    case.asked.value = 0
    code = case.run(injector)
    where = bytes(told[:64]).rstrip(b"\0").decode()
    first, kept = case.asked.value, in_library(case)
    again = case.run(None)
    second = case.asked.value - first
    wrong = ""
    if code == -1000 or again == -1000:
        wrong = f"it hung ({code}, {again})"
    elif again != 0:
        wrong = f"the second start ended with {again}"
    elif (seen := picture(case)) != expected:
        wrong = "; ".join(
            f"{key}: {seen.get(key)} for {expected.get(key)}" for key in {*seen, *expected} if seen.get(key) != expected.get(key)
        )
    elif second > WINDOWS * (expected["documents"] - kept) and not case.real:
        wrong = f"{second} windows asked again, with {kept} films in the library"
    elif left := orphans(case):
        wrong = f"processes left: {left}"
    return bool(where), where, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--step", type=int, default=1, help="only every so manieth effect")
    parser.add_argument("--real", action="store_true", help="clips, the real reader and a muxed video")
    parser.add_argument("--done-dir", action="store_true", help="with --done-dir")
    parser.add_argument("--folder", type=Path, help="keep what is left of failed cases here")
    options = parser.parse_args()
    logging.getLogger("pipeline").setLevel(logging.WARNING)
    base = Path(tempfile.mkdtemp(prefix="scenescribe-matrix-", dir=options.folder))
    asked, told = Asked(), mmap.mmap(-1, 64)
    case = Case(base / "expected" / "x", options.real, options.done_dir, asked)
    case.folder.parent.mkdir()
    films(case.folder / "in", options.real)
    if (code := case.run(None)) != 0:
        print(f"the undisturbed run ended with {code}:\n{case.folder.with_suffix('.log').read_text()}")
        return 1
    expected = picture(case)
    print(f"undisturbed: {len(expected['jobs'])} jobs, {expected['documents']} documents, {asked.value} windows asked")
    failures = cases = 0
    started = time.monotonic()
    for kind in options.kinds.split(","):
        at, struck = 1, True
        places: dict[str, int] = {}
        while struck:
            case = Case(base / f"{kind}-{at}" / "x", options.real, options.done_dir, asked)
            case.folder.parent.mkdir()
            struck, where, wrong = one(case, kind, at, expected, told)
            cases += 1
            places[where] = places.get(where, 0) + 1
            if wrong:
                failures += 1
                print(f"FAILED {kind} at effect {at} ({where}): {wrong}\n  see {case.folder.with_suffix('.log')}")
            else:
                shutil.rmtree(case.folder.parent)
            at += options.step
        places.pop("", None)
        print(f"{kind}: {at - options.step} effects: " + ", ".join(f"{name} {count}" for name, count in sorted(places.items())))
    print(f"{cases} cases, {failures} failed, {time.monotonic() - started:.0f} s")
    if not failures:
        shutil.rmtree(base)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
