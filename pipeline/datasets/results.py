"""What came of a data set: its rows, how they ended, which are asked again. All from ``done`` and the parts that it names.

A later round's rows stand in place of what its items were before, by key.
"""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pipeline.datasets import plan as plans
from pipeline.datasets.arrow import decode, said
from pipeline.datasets.claims import FOLDER as CLAIMS
from pipeline.datasets.claims import Claims
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import DATA, Done, Ledger
from pipeline.datasets.units import SIZE, Unit, counted
from pipeline.errors import InputError
from pipeline.files import remove_all_stale
from pipeline.numerals import whole
from pipeline.types import Outcome

AT_ONCE = 16
"""files of ``done`` that are read at once"""
PIECES = "_scenescribe/pieces/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far a data set is."""

    items: int
    done: int
    """items of the plan that have their row, whatever it says"""
    failed: int
    """rows without a caption"""
    by_outcome: Mapping[str, int]
    by_reason: Mapping[str, int]
    units: Mapping[str, int]
    """all, done, and of those that are not: claimed, by whoever works on them or did, and working: somebody does, as far as one can tell"""
    hosts: Mapping[str, Mapping[str, float]]
    """host -> units, items, seconds that its units took one by one"""

    @property
    def finished(self) -> bool:
        return self.units["done"] == self.units["all"]


def endings(ledger: Ledger) -> dict[int, Done]:
    """How each unit that is done ended, by its number. Raises InputError ``bad_done``."""
    numbers = sorted(ledger.done() & ledger.frozen.units.keys())
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return {number: found for number, found in zip(numbers, threads.map(ledger.ending, numbers), strict=True) if found}


def status(ledger: Ledger) -> Status:
    """Counted while others work on it: no more than a unit behind."""
    plan, ended = ledger.frozen, endings(ledger)
    by_outcome, by_reason = dict[str, int](), dict[str, int]()
    hosts: dict[str, dict[str, float]] = {}
    for number, done in ended.items():
        _add(by_outcome, done.by_outcome)
        _add(by_reason, done.by_reason)
        _add(by_outcome, plan.units[number].before.get("by_outcome", {}), -1)
        _add(by_reason, plan.units[number].before.get("by_reason", {}), -1)
        host = hosts.setdefault(done.host, {"units": 0, "items": 0, "seconds": 0.0})
        host["units"] += 1
        host["items"] += done.items
        host["seconds"] = round(host["seconds"] + done.seconds, 3)
    claims = Claims(ledger.storage, "")
    claims.listed()
    claimed = [number for number in plan.units if number not in ended and number in claims.known]
    now = claims.clock()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        working = sum(claim is not None and claim.live(now) for claim in threads.map(claims.latest, claimed))
    return Status(
        items=plan.items_in_all,
        done=sum(done.items for number, done in ended.items() if plan.units[number].round == 0),
        failed=by_outcome.get("failed", 0),
        by_outcome={name: count for name, count in sorted(by_outcome.items()) if count},
        by_reason={name: count for name, count in sorted(by_reason.items()) if count},
        units={"all": len(plan.units), "done": len(ended), "claimed": len(claimed), "working": working},
        hosts=dict(sorted(hosts.items())),
    )


def rows(ledger: Ledger) -> Iterator[Row]:
    """The rows that count, unit after unit: in the order of the listing, those that were asked again last.

    In memory are a unit's rows, and the keys that were asked again. Raises InputError ``bad_part``, ``bad_done``.
    """
    ended = endings(ledger)
    later = _later(ledger, ended)
    for number, done in ended.items():
        yield from _current(ledger, ledger.frozen.units[number], done, later)


def retry(ledger: Ledger, reasons: Collection[str] = ()) -> int:
    """Have items that failed asked again by the next run, all of them or those of some reasons; how many they are.

    A key that came twice stays what it is, and what waits to be asked again is not asked twice. Raises InputError ``nothing_failed``.
    """
    count = 0

    def units() -> Iterator[tuple[list[Item], Mapping[str, Any]]]:
        nonlocal count
        items, before = list[Item](), list[Row]()
        for item, old in _failed(ledger, reasons):
            items.append(replace(item, reason="") if _may_be_there(item) else item)
            before += old
            count += 1
            if len(items) == SIZE:
                yield items, counted(before)
                items, before = [], []
        if items:
            yield items, counted(before)

    try:
        plans.freeze_round(ledger.storage, ledger.frozen.rounds, units())
    except InputError as error:
        if error.code != "nothing_planned":
            raise
        raise InputError(
            "nothing_failed",
            f"nothing in {ledger.storage} failed{' so' if reasons else ''} and does not wait for it yet: there is nothing to retry",
        ) from None
    ledger.reread()
    return count


def sweep(ledger: Ledger) -> int:
    """Remove what killed processes left: parts that ``done`` does not name, claims, pieces; how many files it were.

    Only of units that are done: what belongs to others may be somebody's who works on them now.
    """
    ended = endings(ledger)
    named = {done.part for done in ended.values()}
    gone = 0
    for prefix in (f"{DATA}part-", CLAIMS, PIECES):
        for entry in list(ledger.storage.list(prefix)):
            number = whole(entry.name.removeprefix(prefix)[:7])
            if number in ended and entry.name not in named:
                ledger.storage.delete(entry.name)
                gone += 1
        if ledger.storage.folder is not None:
            remove_all_stale(ledger.storage.folder / prefix.rpartition("/")[0])
    return gone


def _failed(ledger: Ledger, reasons: Collection[str]) -> Iterator[tuple[Item, list[Row]]]:
    """Items that failed, each with the rows that it has now."""
    ended = endings(ledger)
    later, plan = _later(ledger, ended), ledger.frozen
    waiting = {item.key for number, unit in plan.units.items() if unit.round and number not in ended for item in plan.items(unit)}
    for number, done in ended.items():
        if not done.failed:
            continue
        unit = ledger.frozen.units[number]
        by_key: dict[str, list[Row]] = {}
        for row in _current(ledger, unit, done, later):
            if row.reason != plans.TWICE:
                by_key.setdefault(row.key, []).append(row)
        for item in ledger.frozen.items(unit):
            old = by_key.get(said(item.key), []) if item.reason != plans.TWICE and item.key not in waiting else []
            if any(row.outcome is Outcome.FAILED and (not reasons or row.reason in reasons) for row in old):
                yield item, old


def _may_be_there(item: Item) -> bool:
    """Whether an item that the listing gave a reason may be read by now: a picture that was missing, a shard that is whole again. A row
    of a table is no picture."""
    return item.reason != "bad_table" and any(item.locator.get(word) for word in ("path", "shard"))


def _later(ledger: Ledger, ended: Mapping[int, Done]) -> dict[str, int]:
    """Keys that were asked again, with the last round that did."""
    plan = ledger.frozen
    again = [plan.units[number] for number in ended if plan.units[number].round > 0]
    return {said(item.key): unit.round for unit in sorted(again, key=lambda unit: unit.round) for item in plan.items(unit)}


def _current(ledger: Ledger, unit: Unit, done: Done, later: Mapping[str, int]) -> Iterator[Row]:
    for row in decode(ledger.storage.get(done.part)):
        if row.reason == plans.TWICE or later.get(row.key, 0) <= unit.round:
            yield row


def _add(counts: dict[str, int], more: Mapping[str, int], times: int = 1) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + times * count


def steps(ledger: Ledger) -> int:
    """Something that grows with each unit, and each part of one under examination, that is done: two listings."""
    return len(ledger.done()) + sum(1 for _ in ledger.storage.list(PIECES))
