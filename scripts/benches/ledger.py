"""What a data set costs beside its model: the plan of many items, each unit, and finding the place again after half of it.

scripts/bench ledger --items 1000000                 on a disk
scripts/bench ledger --items 1000000 --store s3      in a bucket of moto's server, in a process of its own; requests are counted

plan     listing N items into the frozen plan: seconds, and the most memory that the process ever had
unit     of a host that does nothing else: claim, items, rows as Parquet, commit; seconds of its processor and of the clock
claim    of these, what decides who does the unit: all that a coordinator would do, if there were one
resume   a new process, half of the units done: seconds to its first unit, requests, memory
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from scripts.needed import needed

needed("moto")

import buckets

from pipeline.datasets.claims import Claims
from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.storage import open_storage
from pipeline.types import Outcome

SETTINGS = {"model": "none", "prompt": "Describe this picture."}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--unit", type=int, default=1000)
    parser.add_argument("--timed", type=int, default=100, help="units whose rows are made and whose cost is measured")
    parser.add_argument("--store", choices=("disk", "s3"), default="disk")
    wish = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        place, options, server = folder, dict[str, str](), None
        if wish.store == "s3":
            ours, theirs = spawn.Pipe()
            server = spawn.Process(target=_serve, args=(theirs,), daemon=True)
            server.start()
            place, options = ours.recv()
        found: dict[str, Any] = {"items": wish.items, "unit": wish.unit, "store": wish.store}
        for step in (_plan, _units, _resume):
            if server is not None:
                ours.send("count")
                ours.recv()
            with spawn.Pool(1) as pool:  # a process for each step: the memory is that step's alone
                found[step.__name__[1:]] = pool.apply(step, (place, options, wish.items, wish.unit, wish.timed))
            if server is not None:
                ours.send("count")
                found[step.__name__[1:]]["requests"] = ours.recv()
        print(json.dumps(found, indent=1))
        if server is not None:
            server.terminate()


def _serve(pipe: Any) -> None:
    with buckets.moto() as s3:
        pipe.send((f"{s3.bucket()}/out", s3.options))
        before = len(s3.asked)
        while True:
            pipe.recv()
            pipe.send(len(s3.asked) - before)
            before = len(s3.asked)


def _items(count: int) -> Iterator[Item]:
    for number in range(count):
        source = f"s3://pictures/shards/{number // 1000:05d}.tar"
        locator: dict[str, str | int] = {"shard": f"{number // 1000:05d}.tar", "offset": number % 1000 * 50_000, "size": 48_213}
        yield Item(key=f"{number // 1000:05d}/{number % 1000:04d}", source=source, locator=locator)


def _plan(place: str, options: dict[str, str], items: int, unit: int, timed: int) -> dict[str, float]:
    began = time.perf_counter()
    Ledger.open(open_storage(place, options), SETTINGS).plan(_items(items), unit)
    return {"seconds": _passed(began), "peak_mib": _peak()}


def _units(place: str, options: dict[str, str], items: int, unit: int, timed: int) -> dict[str, float]:
    """Some units as a host does them, then records alone until half is done."""
    ledger = Ledger.open(open_storage(place, options), SETTINGS)
    half = len(ledger.frozen.units) // 2
    timed = min(timed, half)

    async def work() -> tuple[float, float, float, float]:
        async with Grants(ledger, host="bench") as grants:
            granting = rows = 0.0
            clock, processor = time.perf_counter(), time.process_time()
            for _ in range(timed):
                before = time.process_time()
                grant = await anext(grants)
                granting += time.process_time() - before
                before = time.process_time()
                made = [_row(item) for item in grant.items]
                rows += time.process_time() - before
                await grant.commit(made)
            return time.perf_counter() - clock, time.process_time() - processor - rows, granting, rows

    clock, processor, granting, rows = asyncio.run(work())
    claims, claiming = Claims(ledger.storage, "bench"), 0.0
    for number in range(timed, half):
        record = {"unit": number, "part": "none", "items": unit, "rows": unit, "sha256": "", "host": "bench", "seconds": 1.0}
        data = json.dumps({**record, "by_outcome": {"ok": unit}, "by_reason": {}}).encode()
        ledger.storage.create(f"_scenescribe/done/{number:07d}.json", data, durable=False)
        before = time.process_time()
        claims.take(number)
        claiming += time.process_time() - before
    per = {"clock_ms": clock, "processor_ms": processor, "of_which_granting_ms": granting, "rows_made_ms": rows}
    told = {name: round(seconds / timed * 1000, 3) for name, seconds in per.items()}
    return {"measured": timed, **told, "of_which_claim_ms": round(claiming / max(1, half - timed) * 1000, 3)}


def _resume(place: str, options: dict[str, str], items: int, unit: int, timed: int) -> dict[str, float]:
    """As a process that comes anew: to its first unit, which is then given back."""

    async def first() -> float:
        async with Grants(Ledger.open(open_storage(place, options), SETTINGS), host="again") as grants:
            await anext(grants)
            return _passed(began)

    began = time.perf_counter()
    return {"seconds_to_first_unit": asyncio.run(first()), "peak_mib": _peak()}


def _row(item: Item) -> Row:
    return Row(
        key=item.key, source=item.source, content=bytes(16), width=640, height=480, caption="A red star above a blue square.",
        outcome=Outcome.OK, prompt_tokens=90, completion_tokens=9, model="none",
    )  # fmt: skip


def _passed(began: float) -> float:
    return round(time.perf_counter() - began, 3)


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    main()
