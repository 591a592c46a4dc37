"""The output is the ledger: what stands in ``done`` is done, and nothing else is.

    OUT/_scenescribe/run.json           settings of the run: another model or prompt is refused
        _scenescribe/plan/              what there is to do (plan.py)
        _scenescribe/claims/            who works on what (claims.py)
        data/part-UNIT-NONCE.parquet    rows of a unit; counts only when it is named in
        _scenescribe/done/UNIT.json     by conditional create: of many that did a unit, one is kept, the others delete their part

So any number of processes on any machines can work on one OUT without a word between them, and be killed at any moment: at worst
work is done twice, never kept twice. Nothing here is kept in memory that a listing would not bring back.
"""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from pipeline.datasets import plan as plans
from pipeline.datasets.arrow import encode, said
from pipeline.datasets.items import Item, Row
from pipeline.datasets.plan import Plan
from pipeline.datasets.sole import writable
from pipeline.datasets.units import SIZE, Unit, counted
from pipeline.errors import InputError, OutputError, UsageError
from pipeline.storage import Storage, is_address

RUN = "_scenescribe/run.json"
DONE = "_scenescribe/done/"
DATA = "data/"
SOURCES = "sources"
"""the setting that names what was listed"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How one unit ended."""

    unit: int
    part: str
    items: int
    rows: int
    sha256: str
    """of the part"""
    host: str
    seconds: float
    by_outcome: Mapping[str, int]
    by_reason: Mapping[str, int]

    @property
    def failed(self) -> int:
        return self.by_outcome.get("failed", 0)


class Ledger:
    """One data set that is being made, in a storage. Its methods block; any number of threads may use it."""

    def __init__(self, storage: Storage, run: Mapping[str, Any], plan: Plan | None) -> None:
        self.storage, self.run = storage, run
        self._plan = plan

    @classmethod
    def open(cls, storage: Storage, settings: Mapping[str, Any], *, kept: Mapping[str, str] | None = None) -> Self:
        """A data set that is to be worked on: begun with these settings, or gone on with.

        ``settings``: all that captions and rows depend on, as JSON has it. ``kept``: columns of the source that go through, name ->
        type. Raises UsageError ``settings_differ``, and what the storage raises where it can't be written.
        """
        storage = writable(storage)
        wanted = json.loads(json.dumps({"settings": settings, "kept": dict(kept or {})}))
        began = {**wanted, "layout": 1, "began": datetime.now(UTC).isoformat(timespec="seconds")}
        if not storage.exists(RUN):
            storage.create(RUN, json.dumps(began, indent=1).encode())
        run = _read_run(storage)
        if different := _different(run, wanted):
            text = f"{storage} was begun with {' and '.join(map(_other, different))}"
            raise UsageError(
                "settings_differ", f"{text}; name another folder with -o, or use the settings of that run", differ=different
            )
        return cls(storage, run, plans.read(storage))

    @classmethod
    def existing(cls, storage: Storage) -> Self:
        """A data set that was begun, to look at it. Raises InputError ``no_dataset``."""
        return cls(storage, _read_run(storage), plans.read(storage))

    @property
    def settings(self) -> Mapping[str, Any]:
        return dict(self.run["settings"])

    @property
    def kept(self) -> Mapping[str, str]:
        return dict(self.run["kept"])

    @property
    def films(self) -> bool:
        """Whether there are films in the plan: then all rows have times, null where they are of a picture, so that every part has
        the same columns."""
        return any(unit.weight > unit.items for unit in self.frozen.units.values())

    @property
    def planned(self) -> bool:
        """Whether the plan is written: then nothing needs to be listed."""
        return self._plan is not None

    @property
    def frozen(self) -> Plan:
        """The plan. Raises InputError ``nothing_planned`` before there is one."""
        if self._plan is None:
            raise InputError("nothing_planned", f"{self.storage} has no plan yet: its listing did not end; run annotate again")
        return self._plan

    def plan(self, items: Iterable[Item], size: int = SIZE) -> Plan:
        """Freeze the plan; where there is one, ``items`` is not looked at. Raises InputError ``nothing_planned``."""
        if self._plan is None:
            self._plan = plans.freeze(self.storage, items, size)
        return self._plan

    def forget(self) -> None:
        """Remove what ``open`` wrote of a data set that has no plan: its settings bind nobody."""
        if plans.read(self.storage) is None:
            self.storage.delete(RUN)

    def reread(self) -> Plan:
        """The plan with the rounds that were added meanwhile."""
        self._plan = plans.read(self.storage) or self._plan
        return self.frozen

    # ---- what is done

    def done(self) -> set[int]:
        """Numbers of the units that are done: by a listing alone, 1,000 a request."""
        return {number for entry in self.storage.list(DONE) if (number := _number(entry.name)) is not None}

    def ending(self, unit: int) -> Done | None:
        """How a unit ended; None while it has not. Raises InputError ``bad_done``."""
        name = f"{DONE}{unit:07d}.json"
        try:
            return _ending(json.loads(self.storage.get(name)))
        except InputError as error:
            if error.code != "not_found":
                raise
            return None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                "bad_done", f"{self.storage}/{name} is damaged: {error}; remove it, and the unit is done again"
            ) from error

    def commit(self, unit: Unit, items: Sequence[Item], rows: Iterable[Row], *, host: str = "", seconds: float = 0.0) -> bool:
        """Keep a unit's rows; False where another did the unit first, then these are dropped.

        ``rows``: one for each item (for a film one for each window), in any order; those that the listing gave a reason get theirs here.
        Raises ValueError where an item has none, OutputError where they can't be written.
        """
        whole = in_order(items, rows)
        data = encode(whole, self.settings, self.kept, times=self.films)
        part = f"{DATA}part-{unit.name}-{secrets.token_hex(4)}.parquet"
        self.storage.put(part, data)
        ending = {
            "unit": unit.number, "part": part, "items": len(items), **counted(whole), "sha256": hashlib.sha256(data).hexdigest(),
            "host": host, "seconds": round(seconds, 3),
        }  # fmt: skip
        try:
            won = self.storage.create(f"{DONE}{unit.name}.json", json.dumps(ending).encode())
        except OutputError:
            if self._whose(unit.number) != part:  # an answer may be lost and the file be there
                raise
            return True
        if won:
            return True
        kept = self._whose(unit.number)
        if kept is not None and kept != part:  # where it can't be asked, a part too much does no harm
            self.storage.delete(part)
        return kept == part

    def _whose(self, unit: int) -> str | None:
        """The part that is kept; None where there is none or it can't be asked."""
        for pause in (0.0, 0.5, 2.0):
            time.sleep(pause)
            try:
                found = self.ending(unit)
            except InputError:
                continue
            return found.part if found is not None else None
        return None


def in_order(items: Sequence[Item], rows: Iterable[Row]) -> list[Row]:
    """Rows in the order of their items, with those of items that the listing gave a reason. Raises ValueError where one has none."""
    asked = [item for item in items if not item.reason]
    by_key: dict[str, list[Row]] = {said(item.key): [] for item in asked}
    for row in rows:
        if row.key not in by_key:
            raise ValueError(f"a row of {row.key!r}, which is no item of the unit")
        by_key[row.key].append(row)
    if without := [key for key, found in by_key.items() if not found]:
        raise ValueError(f"{len(without)} items have no row, {without[0]!r} first")
    return [row for item in items for row in ([Row.failed(item, item.reason)] if item.reason else by_key[said(item.key)])]


def _ending(raw: Any) -> Done:
    """Raises ValueError, TypeError, AttributeError where the record is none of ours."""
    found = Done(**raw)
    numbers = (found.unit, found.items, found.rows, *found.by_outcome.values(), *found.by_reason.values())
    if not all(type(one) is int and 0 <= one < 1 << 62 for one in numbers) or not 0 <= found.seconds < 1e15:
        raise ValueError("it has numbers that can't be")
    if not all(isinstance(one, str) for one in (found.part, found.sha256, found.host)) or not found.part.startswith(DATA):
        raise ValueError("it names no part")
    return found


def _read_run(storage: Storage) -> Mapping[str, Any]:
    try:
        run = json.loads(storage.get(RUN))
        if not (isinstance(run, dict) and isinstance(run.get("settings"), dict) and isinstance(run.get("kept"), dict)):
            raise ValueError("it is no run of ours")
    except InputError as error:
        if error.code != "not_found":
            raise
        raise InputError("no_dataset", f"{storage} holds no data set: there is no {RUN} in it") from None
    except (ValueError, RecursionError) as error:
        raise InputError("no_dataset", f"{storage}/{RUN} is damaged: {error}") from error
    return run


def _different(run: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Names of the settings that are not those of the run."""
    there, here = ({**one["settings"], "kept columns": one["kept"], SOURCES: _places(one)} for one in (run, wanted))
    return sorted(name for name in {*there, *here} if there.get(name) != here.get(name))


def _places(run: Mapping[str, Any]) -> list[str]:
    """Where a run's sources are, however they were written: photos, photos/ and ./photos are one place."""
    named = run["settings"].get(SOURCES)
    names = [str(name) for name in named] if isinstance(named, list) else []
    return [name.rstrip("/") if is_address(name) else os.path.abspath(name.removeprefix("file://")) for name in names]


def _other(name: str) -> str:
    return f"{'other' if name.endswith('s') else 'another'} {name}"


def _number(name: str) -> int | None:
    stem = name.rpartition("/")[2].removesuffix(".json")
    return int(stem) if stem.isascii() and stem.isdigit() else None
