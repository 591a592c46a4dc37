"""How a plan is cut into units, and in which order they are done.

    items    i i i i i i | i i i i i i | F F | F | i i i     a unit holds up to ``size`` items, and films until they weigh as much
    order    the heaviest first, so that none is waited for at the end

A source that ends closes a unit that is half full: what lies in one shard is read by as few requests as can be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.datasets.items import Item

SIZE = 1000
"""items of a unit: some seconds to a minute of a GPU"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A slice of a frozen plan: what one host does, and what is committed at once."""

    number: int
    items: int
    weight: float
    file: str
    """the plan's file that names its items"""
    group: int
    """row group of that file"""
    round: int = 0
    """0: the plan; 1 and on: items that failed and are asked again"""
    before: Mapping[str, Any] = field(default_factory=dict)
    """of a later round: what its items' rows were, counted as in ``done``"""

    @property
    def name(self) -> str:
        """What its files are called by: of one length, so that they sort as numbers."""
        return f"{self.number:07d}"


def cut(items: Iterable[Item], size: int = SIZE) -> Iterator[list[Item]]:
    """Items in the order of their listing, a unit at a time."""
    unit: list[Item] = []
    weight = 0.0
    for item in items:
        full = unit and (len(unit) >= size or weight + item.weight > size)
        if full or (unit and item.source != unit[-1].source and 2 * max(weight, len(unit)) >= size):
            yield unit
            unit, weight = [], 0.0
        unit.append(item)
        weight += item.weight
    if unit:
        yield unit


def in_order(units: Iterable[Unit]) -> list[Unit]:
    """The heaviest first; equal ones as they were listed."""
    return sorted(units, key=lambda unit: (-unit.weight, unit.number))


def pieces(start: int, stop: int, ways: int = 32) -> list[tuple[int, int]]:
    """A stretch of a unit in up to ``ways`` parts of one size: 1,000 items are found one by one in two steps."""
    step = max(1, -(-(stop - start) // ways))
    return [(place, min(stop, place + step)) for place in range(start, stop, step)]


def counted(rows: Sequence[Any]) -> dict[str, Any]:
    """How rows ended, as ``done`` and ``status`` tell it."""
    by_outcome: dict[str, int] = {}
    by_reason: dict[str, int] = {}
    for row in rows:
        by_outcome[row.outcome.value] = by_outcome.get(row.outcome.value, 0) + 1
        if row.reason:
            by_reason[row.reason] = by_reason.get(row.reason, 0) + 1
    return {"rows": len(rows), "by_outcome": by_outcome, "by_reason": by_reason}
