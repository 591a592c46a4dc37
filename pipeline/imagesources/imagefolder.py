"""Hugging Face's ``imagefolder``: pictures, and ``metadata.jsonl`` (``.csv``, ``.parquet``) beside them with ``file_name`` and more columns.

    train/metadata.jsonl   {"file_name": "0001.png", "text": "..."}        the item train/0001.png, its text kept with --keep-columns text

What the table names and the folder lacks is an item with the reason ``not_found``; pictures that no table names are items too. A column
that a row lacks is null, as ``datasets`` has it; one that no row has was mistyped. A row that can't be read, or all that is left of a
table, is an item with the reason ``bad_table``: its pictures are there, whatever else was to be told of them.
"""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline import log as logs
from pipeline.datasets.items import Item
from pipeline.datasets.keys import marked
from pipeline.errors import InputError, UsageError, nearest
from pipeline.imagesources.base import Content, Place, Wishes, is_hidden, is_picture
from pipeline.imagesources.folder import item_of
from pipeline.imagesources.tables import told
from pipeline.sanitize import printable

log = logs.get(__name__)
TABLES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
DEEPEST = 32
LARGEST = 1 << 30
"""bytes of a table"""
MOST = 100
"""rows of a table that can't be read, before it is none"""


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
        described, columns, broken = dict[str, dict[str, Any]](), set[str](), list[str]()
        for table in tables:
            folder = table.rpartition("/")[0]
            for row in rows(place, table, wishes, broken.append):
                name = str(row.pop("file_name", "")).removeprefix("./")
                columns.update(row)
                described[f"{folder}/{name}" if folder else name] = {one: row.get(one) for one in wishes.keep_columns}
        for name in wishes.keep_columns if described and not broken else ():
            if name not in columns:
                where = " and ".join(f"{place.url}/{table}" for table in tables[:3])
                raise UsageError("unknown_column", f"{where}: no column '{name}'{nearest(name, columns)}", name=name)
        there = set(names)
        for name in sorted({*names, *described}):
            item = item_of(place, name)
            lost = "" if name in there else "not_found"
            yield Item(key=item.key, source=item.source, locator=item.locator, kept=described.get(name, {}), reason=lost)
        for name in broken:
            yield Item(key=place.prefix + name, source=place.url, locator={"path": name}, weight=0.0, reason="bad_table")

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        """None are its own: they are a folder's."""
        return iter(())


def rows(place: Place, table: str, wishes: Wishes, broken: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """The rows of a table that can be read. ``broken`` hears of each other one (``metadata.jsonl:17``), of the table itself where it can't
    be read any further. Raises ScenescribeError where the storage can't be read."""
    failed = 0
    try:
        for number, raw in _raw(place, table, wishes):
            try:
                said = json.loads(raw) if isinstance(raw, bytes) else raw
                row = whole(said)
                if not isinstance(row, dict) or not isinstance(row.get("file_name"), str):
                    raise ValueError("a row without a file_name")
                name = said.get("file_name")
                if isinstance(name, str) and name != row["file_name"]:  # it is no file's: a.jpg is not what "a\0.jpg" names
                    row["file_name"] = marked(row["file_name"], name.encode("utf-8", "surrogatepass"))
            except (ValueError, RecursionError) as error:
                failed += 1
                log.warning("a row of a table can't be read", table=f"{place.url}/{table}", row=number, why=str(error)[:160])
                broken(f"{table}:{number}" if failed < MOST else table)
                if failed == MOST:
                    return
                continue
            yield row
    except (ValueError, csv.Error) as error:
        log.warning("a table can't be read", table=f"{place.url}/{table}", why=str(error)[:160])
        broken(table)
    except InputError as error:
        if error.code != "bad_table":
            raise
        log.warning("a table can't be read", table=f"{place.url}/{table}", why=error.message[:160])
        broken(table)


def _raw(place: Place, table: str, wishes: Wishes) -> Iterator[tuple[int, Any]]:
    """The number of each row's line (of Parquet: of the row), and what is there: bytes of JSON, or what it says.

    Raises ValueError, csv.Error, InputError ``bad_table`` where nothing more can be read.
    """
    if table.endswith(".parquet"):
        yield from enumerate(told(f"{place.url}/{table}", wishes), 1)
        return
    data = place.storage.get_range(table, 0, LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 30} GB")
    if table.endswith(".csv"):
        lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
        yield from ((lines.line_num, row) for row in lines)
    else:
        given = enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1)
        yield from ((number, line) for number, line in given if line.strip())


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
