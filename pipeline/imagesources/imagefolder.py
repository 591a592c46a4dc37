"""Hugging Face's ``imagefolder``: pictures, and ``metadata.jsonl`` (``.csv``, ``.parquet``) beside them with ``file_name`` and more columns.

    train/metadata.jsonl   {"file_name": "0001.png", "text": "..."}        the item train/0001.png, its text kept with --keep-columns text

What the table names and the folder lacks is an item with the reason ``not_found``; pictures that no table names are items too. A column
that a row lacks is null, as ``datasets`` has it; one that no row has was mistyped.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.datasets.items import Item
from pipeline.errors import InputError, UsageError, nearest
from pipeline.imagesources.base import Content, Place, Wishes, is_hidden, is_picture
from pipeline.imagesources.folder import item_of
from pipeline.imagesources.parquet import told
from pipeline.sanitize import printable

TABLES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
DEEPEST = 32
LARGEST = 1 << 30
"""bytes of a table"""


@dataclass(frozen=True)
class Source:
    """A folder in which such a table lies, or in whose folders one does."""

    folders: ClassVar[bool] = True
    reads: ClassVar[frozenset[str]] = frozenset()

    def takes(self, name: str, beside: frozenset[str]) -> bool:
        return any(file.rpartition("/")[2] in TABLES for file in beside)

    def list(self, place: Place, wishes: Wishes) -> Iterator[Item]:
        names, tables = list[str](), list[str]()
        for entry in place.storage.list():
            if is_hidden(entry.name):
                continue
            if entry.name.rpartition("/")[2] in TABLES:
                tables.append(entry.name)
            elif is_picture(entry.name):
                names.append(entry.name)
        described, columns = dict[str, dict[str, Any]](), set[str]()
        for table in tables:
            folder = table.rpartition("/")[0]
            for row in rows(place, table, wishes):
                name = str(row.pop("file_name", "")).removeprefix("./")
                columns.update(row)
                described[f"{folder}/{name}" if folder else name] = {one: row.get(one) for one in wishes.keep_columns}
        for name in wishes.keep_columns if described else ():
            if name not in columns:
                where = " and ".join(f"{place.url}/{table}" for table in tables[:3])
                raise UsageError("unknown_column", f"{where}: no column '{name}'{nearest(name, columns)}", name=name)
        there = set(names)
        for name in sorted({*names, *described}):
            item = item_of(place, name)
            lost = "" if name in there else "not_found"
            yield Item(key=item.key, source=item.source, locator=item.locator, kept=described.get(name, {}), reason=lost)

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        """None are its own: they are a folder's."""
        return iter(())


def rows(place: Place, table: str, wishes: Wishes) -> Iterator[dict[str, Any]]:
    """The rows of a table. Raises InputError ``bad_table``."""
    where = f"{place.url}/{table}"
    try:
        for raw in _raw(place, table, wishes):
            row = whole(raw)
            if not isinstance(row, dict) or not isinstance(row.get("file_name"), str):
                raise ValueError("a row without a file_name")
            yield row
    except (ValueError, csv.Error, RecursionError) as error:
        raise InputError("bad_table", f"{where} can't be read: {str(error)[:160]}", path=where) from None


def _raw(place: Place, table: str, wishes: Wishes) -> Iterator[Any]:
    """Raises InputError ``bad_table``, ValueError, csv.Error, RecursionError."""
    if table.endswith(".parquet"):
        yield from told(f"{place.url}/{table}", wishes)
        return
    data = place.storage.get_range(table, 0, LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 30} GB")
    text = data.decode("utf-8-sig")
    if table.endswith(".csv"):
        yield from csv.DictReader(io.StringIO(text))
    else:
        yield from (json.loads(line) for line in text.split("\n") if line.strip())


def whole(value: Any, depth: int = 0) -> Any:
    """A value of JSON whose texts are whole characters, as tables and hashes want them. Raises ValueError: it is nested too deep."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else printable(value)
    if not isinstance(value, dict | list):
        return value
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} brackets stand in each other")
    if isinstance(value, list):
        return [whole(one, depth + 1) for one in value]
    return {printable(str(name)): whole(one, depth + 1) for name, one in value.items()}
