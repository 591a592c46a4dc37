"""Rows and items as Parquet: the door to pyarrow (extra ``data``).

    key source content width height caption outcome reason prompt_tokens completion_tokens model [start end frames] + kept columns

One row an item; zstd, row groups of GROUP rows. The file's metadata has the run's settings under SETTINGS, as JSON, so that a
file by itself says which model and prompt its captions are of.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from models.installed import adding
from pipeline.datasets.items import Item, Row
from pipeline.datasets.kept import fitting, type_in
from pipeline.errors import EnvironmentFault, InputError
from pipeline.types import Outcome

if TYPE_CHECKING:
    import pyarrow

SETTINGS = b"scenescribe.settings"
GROUP = 10_000
"""rows of a row group"""
TIMES = ("start", "end", "frames")
RAW = "source as it is"
"""in an item's locator, where its source's name is no UTF-8: by what it is opened"""
_COMPRESSION = "zstd"
_OF_ROWS = (
    "key", "source", "content", "width", "height", "caption", "outcome", "reason", "prompt_tokens", "completion_tokens", "model",
)  # fmt: skip


def arrow() -> Any:
    """pyarrow, with ``pyarrow.parquet``. Raises EnvironmentFault ``data_missing``."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise EnvironmentFault("data_missing", f"data sets need pyarrow: {adding('data')}") from error
    return pyarrow


def column_name(name: str) -> str:
    """What a kept column is called in the rows: by its own name, or ``NAME_kept`` where a column of ours has that."""
    return f"{name}_kept" if name in _OF_ROWS or name in TIMES else name


def rows_schema(kept: Mapping[str, str] | None = None, *, times: bool = False) -> "pyarrow.Schema":
    """Columns of rows. ``kept``: name -> type (kept.py); ``times``: films' windows, with start, end and frames."""
    pa = arrow()
    word = pa.dictionary(pa.int32(), pa.string())
    columns = [
        ("key", pa.string()), ("source", pa.string()), ("content", pa.binary(16)), ("width", pa.int32()), ("height", pa.int32()),
        ("caption", pa.string()), ("outcome", word), ("reason", pa.string()), ("prompt_tokens", pa.int32()),
        ("completion_tokens", pa.int32()), ("model", word),
    ]  # fmt: skip
    if times:
        columns += [("start", pa.float64()), ("end", pa.float64()), ("frames", pa.list_(pa.float64()))]
    columns += [(column_name(name), type_in(pa, kind)) for name, kind in (kept or {}).items()]
    return pa.schema(columns)


def table_of(rows: Sequence[Row], kept: Mapping[str, str] | None = None, *, times: bool = False) -> "pyarrow.Table":
    """Rows as a table of ``rows_schema``."""
    pa, kept = arrow(), kept or {}
    values: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in _OF_ROWS}
    values["source"] = [said(row.source) for row in rows]
    values["outcome"] = [row.outcome.value for row in rows]
    if times:
        values |= {name: [getattr(row, name) for row in rows] for name in ("start", "end")}
        values["frames"] = [list(row.frames) for row in rows]
    for name, kind in kept.items():
        values[column_name(name)] = [fitting(row.kept.get(name), kind) for row in rows]
    return pa.table(values, schema=rows_schema(kept, times=times))


def encode(
    rows: Sequence[Row], settings: Mapping[str, Any], kept: Mapping[str, str] | None = None, *, times: bool = False
) -> bytes:
    """A whole Parquet file of these rows, with the run's settings in its metadata."""
    pa = arrow()
    table = table_of(rows, kept, times=times)
    table = table.replace_schema_metadata({SETTINGS: json.dumps(settings, sort_keys=True).encode()})
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, compression=_COMPRESSION, row_group_size=GROUP)
    return bytes(sink.getvalue())


def decode(data: bytes | BinaryIO) -> Iterator[Row]:
    """The rows of a Parquet file, a group at a time. Raises InputError ``bad_part`` where it is none, or not one of ours."""
    pa = arrow()
    try:
        file = pa.parquet.ParquetFile(pa.BufferReader(data) if isinstance(data, bytes) else data)
        ours = {*_OF_ROWS, *TIMES}
        for batch in file.iter_batches(GROUP):
            for raw in batch.to_pylist():
                yield row_of(raw, ours)
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        raise InputError("bad_part", f"a Parquet file of this data set can't be read: {error}") from error


def row_of(raw: Mapping[str, Any], ours: Iterable[str] = (*_OF_ROWS, *TIMES)) -> Row:
    """One row from its plain values. Raises KeyError and ValueError where it is none."""
    mine = set(ours)
    return Row(
        **{name: raw[name] for name in _OF_ROWS if name != "outcome"},
        outcome=Outcome(raw["outcome"]),
        kept={name: value for name, value in raw.items() if name not in mine},
        start=raw.get("start"),
        end=raw.get("end"),
        frames=tuple(raw.get("frames") or ()),
    )


def settings_of(data: bytes | BinaryIO) -> dict[str, Any]:
    """The settings of the run that wrote a Parquet file; empty where it has none."""
    pa = arrow()
    metadata = pa.parquet.read_schema(pa.BufferReader(data) if isinstance(data, bytes) else data).metadata or {}
    return dict(json.loads(metadata.get(SETTINGS, b"{}")))


# ---- items: the plan


def items_schema() -> "pyarrow.Schema":
    """Columns of a plan's file: kept values and the locator are JSON."""
    pa = arrow()
    text, word = pa.string(), pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [("key", text), ("source", word), ("locator", text), ("weight", pa.float64()), ("kept", text), ("reason", word)]
    )


def items_table(items: Sequence[Item]) -> "pyarrow.Table":
    """Items as a table of ``items_schema``; names that are no UTF-8 are readable in it, and whole in the locator."""
    values = {
        "key": [said(item.key) for item in items],
        "source": [said(item.source) for item in items],
        "locator": [
            _json(item.locator if said(item.source) == item.source else {**item.locator, RAW: item.source}) for item in items
        ],
        "weight": [item.weight for item in items],
        "kept": [_json(item.kept) if item.kept else None for item in items],
        "reason": [item.reason for item in items],
    }
    return arrow().table(values, schema=items_schema())


def items_of(table: "pyarrow.Table") -> list[Item]:
    """Undoes ``items_table``."""
    found = []
    for raw in table.to_pylist():
        locator, kept = json.loads(raw["locator"]), json.loads(raw["kept"]) if raw["kept"] else {}
        source = locator.pop(RAW, raw["source"])
        found.append(Item(**{**raw, "source": source, "locator": locator, "kept": kept}))
    return found


def said(name: str) -> str:
    """A name as text that can be stored: bytes that are no UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), separators=(",", ":"))  # in ASCII: so a name of any bytes comes through
