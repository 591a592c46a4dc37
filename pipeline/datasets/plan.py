"""The frozen plan: what is to be done is listed once, and never looked for again.

    _scenescribe/plan/items-NONCE-00000.parquet   items, a row group for each unit, UNITS units a file
    _scenescribe/plan/index-0000.json             which units there are; by conditional create: of two that list, one wins

Later rounds (index-0001.json, ...) name items that failed and are asked again. What is in memory is the index: some hundred bytes a
unit, and the keys' hashes while it is written.
"""

import io
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.datasets.arrow import arrow, items_of, items_schema, items_table
from pipeline.datasets.items import Item
from pipeline.datasets.keys import Keys, stored
from pipeline.datasets.ranged import Ranged, group_span
from pipeline.datasets.units import SIZE, Unit, cut
from pipeline.errors import InputError, OutputError
from pipeline.storage import Storage

FOLDER = "_scenescribe/plan"
UNITS = 64
"""units that share a file: 10,000,000 items are 157 files"""
TWICE = "key_twice"


class Plan:
    """The units of all rounds, and the items of each."""

    def __init__(self, storage: Storage, rounds: Sequence[Mapping[str, Any]]) -> None:
        self._storage = storage
        self._sizes: dict[str, int] = {}
        self._files: dict[str, Any] = {}
        self.units: dict[int, Unit] = {}
        self.rounds = len(rounds)
        for number, index in enumerate(rounds):
            self._sizes |= {name: _count(size) for name, size in index["files"].items()}
            names = list(index["files"])
            for place, told in enumerate(index["units"], len(self.units)):
                self.units[place] = _unit(place, number, names, *told)
        self.items_in_all = sum(unit.items for unit in self.units.values() if unit.round == 0)

    def items(self, unit: Unit) -> list[Item]:
        """A unit's items, by one request (and one for the file's end, the first time). Raises InputError ``bad_plan``."""
        pa = arrow()
        try:
            file = self._files.get(unit.file)
            if file is None:
                file = self._files[unit.file] = Ranged(self._storage, f"{FOLDER}/{unit.file}", self._sizes[unit.file])
            metadata = file.metadata
            file.fetch(*group_span(metadata, unit.group))
            return items_of(pa.parquet.ParquetFile(file, metadata=metadata).read_row_group(unit.group))
        except (pa.ArrowException, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError) as error:
            raise InputError("bad_plan", f"{self._storage}/{FOLDER}/{unit.file} is damaged: {error}") from error


def read(storage: Storage) -> Plan | None:
    """The plan that is there; None where none is. Raises InputError ``bad_plan``."""
    rounds = []
    for entry in storage.list(f"{FOLDER}/index-"):
        try:
            rounds.append(json.loads(storage.get(entry.name)))
        except (ValueError, RecursionError) as error:
            raise InputError("bad_plan", f"{storage}/{entry.name} is damaged: {error}") from error
    try:
        return Plan(storage, rounds) if rounds else None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InputError("bad_plan", f"{storage}/{FOLDER} is damaged: {error}") from error


def _unit(
    place: int, number: int, names: Sequence[str], file: int, group: int, items: int, weight: float,
    before: Mapping[str, Mapping[str, int]] | None = None,
) -> Unit:  # fmt: skip
    """A unit as the index of a round tells it. Raises ValueError, TypeError, IndexError, AttributeError where it tells none."""
    counts = [count for name in ("by_outcome", "by_reason") for count in (before or {}).get(name, {}).values()]
    for one in (file, group, items, *counts):
        _count(one)
    if not 0 <= weight < 1e15:
        raise ValueError(f"unit {place} has a weight that can't be")
    return Unit(
        number=place, items=items, weight=weight, file=names[file], group=group, round=number, before=before or {}
    )  # fmt: skip


def _count(told: object) -> int:
    """A number of bytes, groups or items. Raises ValueError where it can't be one: C's numbers have an end, and JSON's none."""
    if type(told) is not int or not 0 <= told < 1 << 62:
        raise ValueError(f"{str(told)[:40]} is no number of anything")
    return told


def freeze(storage: Storage, items: Iterable[Item], size: int = SIZE) -> Plan:
    """Write the plan down, or take the one that is there: then ``items`` is not looked at. Raises InputError ``nothing_planned``."""
    if (found := read(storage)) is not None:
        return found
    _write(storage, 0, ((unit, None) for unit in cut(_once(items, size), size)))
    found = read(storage)
    assert found is not None
    return found


def freeze_round(storage: Storage, number: int, units: Iterable[tuple[list[Item], Mapping[str, Any]]]) -> bool:
    """Write a later round, with what each unit's rows were before; False where another was first. Raises InputError ``nothing_planned``."""
    return _write(storage, number, units)


def _once(items: Iterable[Item], size: int) -> Iterator[Item]:
    """Items with the keys that they are stored by, where a key that was there before has its reason."""
    keys, block = Keys(), list[Item]()

    def flushed() -> Iterator[Item]:
        for item, twice in zip(block, keys.add([item.key for item in block]), strict=True):
            yield replace(item, reason="key_twice") if twice and not item.reason else item
        block.clear()

    for item in items:
        key = stored(item.key)
        block.append(item if key is item.key else replace(item, key=key))
        if len(block) >= max(size, SIZE):
            yield from flushed()
    yield from flushed()


def _write(storage: Storage, number: int, units: Iterable[tuple[list[Item], Mapping[str, Any] | None]]) -> bool:
    nonce, files, listed = secrets.token_hex(4), dict[str, int](), list[list[Any]]()
    writer: _File | None = None
    won = False
    try:
        for items, before in units:
            if writer is None:
                writer = _File()
            weight = sum(item.weight for item in items)
            listed.append([len(files), writer.add(items), len(items), weight, *([before] if before else [])])
            if writer.groups == UNITS:
                _put(storage, files, nonce, writer)
                writer = None
        if writer is not None:
            _put(storage, files, nonce, writer)
        if not listed:
            raise InputError("nothing_planned", "there is nothing to describe in what was named")
        index = json.dumps({"files": files, "units": listed}, separators=(",", ":")).encode()
        won = storage.create(f"{FOLDER}/index-{number:04d}.json", index)
    finally:
        if not won:
            for name in files:
                try:
                    storage.delete(f"{FOLDER}/{name}")
                except OutputError:
                    break
    return won


def _put(storage: Storage, files: dict[str, int], nonce: str, writer: "_File") -> None:
    data, name = writer.close(), f"items-{nonce}-{len(files):05d}.parquet"
    files[name] = len(data)
    storage.put(f"{FOLDER}/{name}", data)


class _File:
    """One file of items that is being written, in memory."""

    def __init__(self) -> None:
        self._sink = io.BytesIO()
        self._writer = arrow().parquet.ParquetWriter(self._sink, items_schema(), compression="zstd")
        self.groups = 0

    def add(self, items: Sequence[Item]) -> int:
        """Number of the row group that they became."""
        self._writer.write_table(items_table(items), row_group_size=max(1, len(items)))
        self.groups += 1
        return self.groups - 1

    def close(self) -> bytes:
        self._writer.close()
        return self._sink.getvalue()
