"""What doing nothing costs: rescans of a folder of 5,000 known films, in CPU time and in memory.

python scripts/soaks/idle.py --rescans 10000          the growth of memory, rescans back to back
python scripts/soaks/idle.py --daemon 180             the CPU time of the daemon as users run it
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline.file_version import FileVersion
from pipeline.store.identity import Found
from pipeline.watch.folder import Folder
from pipeline.watch.rules import Rules
from scripts.soaks.service import Service


def fill(inbox: Path, films: int) -> list[Path]:
    """So many files in a hundred folders."""
    made = []
    for i in range(films):
        path = inbox / f"{i % 100:02}" / f"film{i:05}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
        made.append(path)
    return made


def resident() -> int:
    """KiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def rescans(base: Path, films: int, count: int) -> int:
    made = fill(base / "in", films)
    known = {path: FileVersion.of(path.stat()) for path in made}
    clock = [0.0]
    asyncio.run(_nothing())
    folder = Folder(Rules(root=base / "in", recursive=True), settle=5.0, poll=60.0, known=known, clock=lambda: clock[0])
    sizes, started = [], time.process_time()
    for turn in range(count):
        clock[0] += 61.0
        found: list[Found] = folder.look()
        assert not found
        if turn % max(1, count // 10) == count // 100:
            gc.collect()
            sizes.append(resident())
    each = (time.process_time() - started) / count
    print(f"{count} rescans of {films} films: {each * 1000:.1f} ms of CPU each, {each / 60:.4%} of a core at one a minute")
    print(f"resident memory, KiB, first tenth to last: {sizes}")
    grown = sizes[-1] - sizes[len(sizes) // 5]
    print(f"grown since the second tenth: {grown} KiB")
    return 0 if grown < 1024 and each / 60 < 0.01 else 1


async def _nothing() -> None:
    """asyncio's own memory is not to be counted."""


def daemon(base: Path, films: int, seconds: float) -> int:
    from pipeline.store.database import Database
    from pipeline.store.queue import Queue

    service = Service(base, "--recursive", "--settle", "1")
    found = [Found(path, FileVersion.of(path.stat())) for path in fill(service.inbox, films)]
    database = Database(service.state)
    queue = Queue(database)
    queue.offer(service.inbox, found, output_dir=service.out)
    with database.transaction() as db:
        db.execute("UPDATE jobs SET state='done'")
    database.close()
    process = service.start()
    time.sleep(15)

    def cpu() -> float:
        words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory() -> int:
        return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    before, size, started = cpu(), memory(), time.monotonic()
    time.sleep(seconds)
    share = (cpu() - before) / (time.monotonic() - started)
    print(f"the daemon over {films} films, {seconds:.0f} s idle: {share:.2%} of a core; resident {size} -> {memory()} KiB")
    service.stop()
    return 0 if share < 0.01 else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=5000)
    parser.add_argument("--rescans", type=int, default=0)
    parser.add_argument("--daemon", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scenescribe-idle-") as base:
        code = 0
        if options.rescans:
            code |= rescans(Path(base) / "a", options.films, options.rescans)
        if options.daemon:
            code |= daemon(Path(base) / "b", options.films, options.daemon)
        return code


if __name__ == "__main__":
    sys.exit(main())
