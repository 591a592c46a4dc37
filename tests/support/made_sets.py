"""Data sets for the tests: items, rows that tell of them, and hosts that work like processes and can be ended anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.storage import Storage
from pipeline.types import Outcome

SETTINGS = {"model": "echo", "prompt": "Describe."}


def items(count: int, **values: Any) -> list[Item]:
    return [Item(key=f"k{n:06}", source="made", locator={"path": f"{n}.jpg"}, **values) for n in range(count)]


def row(item: Item, caption: str = "", **values: Any) -> Row:
    return Row(
        **{
            "key": item.key,
            "source": item.source,
            "content": blake2b(item.key.encode(), digest_size=16).digest(),
            "width": 640,
            "height": 480,
            "caption": caption or f"what {item.key} shows",
            "outcome": Outcome.OK,
            "prompt_tokens": 90,
            "completion_tokens": 12,
            "model": "echo",
            "kept": item.kept,
            **values,
        }
    )


def ledger(storage: Storage, count: int = 100, size: int = 10) -> Ledger:
    found = Ledger.open(storage, SETTINGS)
    found.plan(items(count), size)
    return found


@dataclass
class Told:
    """What one host was given and did."""

    keys: list[str] = field(default_factory=list)
    won: int = 0
    lost: int = 0


async def work(found: Ledger, host: str = "h", told: Told | None = None, **options: Any) -> Told:
    """Be a host until nothing is left."""
    told = told or Told()
    async with Grants(found, host=host, **{"poll": (0.01, 0.05), **options}) as grants:
        async for grant in grants:
            told.keys += [item.key for item in grant.items]
            if await grant.commit(rows_of(grant.items)):
                told.won += 1
            else:
                told.lost += 1
    return told


def rows_of(given: Sequence[Item]) -> Iterable[Row]:
    return [row(item) for item in given]
