"""Rows of Parquet files that somebody else wrote: few bytes that stand for many are told by what they claim, before Arrow unpacks them.

a value that a dictionary holds once and a million rows name       as many rows at once as ROOM has place for
a list that says one number a hundred million times                NESTED values of a row group, ELEMENTS of a row
texts that stand for all but nothing in the file                   TIMES as many bytes as the file has, and SPARE; LONGEST of a value
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from pipeline.datasets.arrow import arrow
from pipeline.errors import InputError
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.footers import SIGNED, footer_of, looker
from pipeline.imagesources.pages import FLAT, PagedFile, TooWide, chunks_of
from pipeline.storage import parted
from pipeline.storage.base import Entry

KEYS = 10_000
"""rows without pictures that are read at once"""
ROWS = 8
"""of a table, at most, for each of its bytes"""
ROOM = 256 << 20
"""bytes of rows that are read at once, at most, where a column may say one value again and again"""
NESTED, ELEMENTS = 1 << 27, 100_000
"""values of lists in a row group, and in one row"""
TIMES, SPARE = 64, 1 << 30
"""bytes of a row group's values: so many for each of the file's, and these"""
LONGEST = 256 << 10
"""characters of a kept value"""


@dataclass(frozen=True, slots=True)
class Table:
    """An open file."""

    file: Any
    """Arrow's ParquetFile"""
    pages: PagedFile
    """what it reads from"""
    digest: str
    """the name of its footer: another one where the file was written anew, with other rows"""
    entry: Entry
    """what the storage said of it"""

    def stands(self) -> bool:
        """Whether no other file has its place by now. Raises what the storage raises."""
        return self.pages.is_still(self.entry)


def opened(url: str, wishes: Wishes) -> Table:
    """The file, its footer read. Raises InputError ``bad_table``, and what the storage raises."""
    pa = arrow()
    storage, name = parted(url, wishes.storage)
    try:
        entry = storage.head(name)
        pages = PagedFile(storage, name, entry.size)
        footer = footer_of(pages)
        if footer and not looker.look(footer):
            raise ValueError("its end is damaged, or columns of it are encrypted")
        pages.seek(0)
        made: Any = pa.PythonFile(pages, mode="r")
        file = pa.parquet.ParquetFile(made, pre_buffer=False, buffer_size=1 << 20)
        table = Table(file, pages, blake2b(footer, digest_size=8).hexdigest(), entry)
        if len(footer) == table.file.metadata.serialized_size + SIGNED:
            raise ValueError("columns of it are encrypted")  # to look at one of those ends the process, in Arrow
        groups = map(table.file.metadata.row_group, range(table.file.num_row_groups))
        if sum(max(0, group.num_rows) for group in groups) > ROWS * pages.size():
            raise ValueError("it claims more rows than its bytes can hold")
        names = table.file.schema_arrow.names
        if len(set(names)) < len(names):
            raise ValueError("two of its columns have one name")
        return table
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError("bad_table", f"{url} is no Parquet file that can be read: {_first_line(error)}", path=url) from None


def rows(table: Table, group: int, columns: Sequence[str], batch: int) -> Iterator[dict[str, Any]]:
    """The rows of a group, these columns alone, ``batch`` at a time at most. Raises InputError ``bad_table``."""
    told = table.file.metadata.row_group(group)
    if not told.num_rows:
        return  # there are no pages either, and where they would lie is said to be 0
    if not columns:
        yield from ({} for _ in range(told.num_rows))
        return
    pa = arrow()
    done, left = 0, TIMES * table.pages.size() + SPARE
    nested = [name for name in columns if pa.types.is_nested(table.file.schema_arrow.field(name).type)]
    try:
        chunks = chunks_of(told, columns)
        if sum(chunk.values for chunk in chunks if chunk.nested) > NESTED:
            raise ValueError(f"the lists of a row group hold more than {NESTED:,} values")
        table.pages.expect(chunks)
        widest = sum(FLAT if chunk.grows else table.pages.dictionary(chunk) for chunk in chunks)
        at_once = max(1, min(batch, ROOM // max(1, widest)))
        while True:
            try:
                for part in _parts(table, group, columns, at_once, done):
                    for piece in _pieces(part, nested):
                        left -= piece.nbytes
                        if left < 0:
                            raise ValueError("its values are far more than its bytes: one is named again and again")
                        yield from piece.to_pylist()
                        done += piece.num_rows
                return
            except TooWide:
                at_once = 1
    except (pa.ArrowException, OSError, ValueError, ArithmeticError) as error:  # a date that Python has none for, too
        raise InputError("bad_table", f"the Parquet file is damaged: {_first_line(error)}") from None


def _parts(table: Table, group: int, columns: Sequence[str], at_once: int, skip: int) -> Iterator[Any]:
    """The rows of a group (Arrow's RecordBatches) behind the first ``skip``. Raises TooWide where so many at once take more than ROOM."""
    parts = table.file.iter_batches(at_once, row_groups=[group], columns=columns)
    while True:
        table.pages.room = ROOM if at_once > 1 else None
        part = next(parts, None)
        if part is None:
            return
        if skip < part.num_rows:
            yield part.slice(skip)
        skip = max(0, skip - part.num_rows)


def told(url: str, wishes: Wishes) -> Iterator[dict[str, Any]]:
    """All rows of a table that tells of pictures elsewhere, as JSON has them: their names, and what is kept; the first one has all columns.

    Raises InputError ``bad_table``.
    """
    table = opened(url, wishes)
    names = list(table.file.schema_arrow.names)
    wanted = [name for name in names if name == "file_name" or name in wishes.keep_columns]
    first: dict[str, Any] = dict.fromkeys(names)
    for group in range(table.file.num_row_groups):
        for row in rows(table, group, wanted, KEYS):
            yield first | {name: as_json(value) for name, value in row.items()}
            first = {}


def as_json(value: Any) -> Any:
    """A kept value as JSON has it. Raises InputError ``bad_table`` where it is longer than any that is kept."""
    if isinstance(value, str | bytes) and len(value) > LONGEST:
        raise InputError("bad_table", f"a value of {len(value):,} characters is kept by nobody: {LONGEST:,} are the most")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
        return value.hex()
    if isinstance(value, dict):
        return {str(name): as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return str(value)


def _pieces(part: Any, nested: Sequence[str]) -> Iterator[Any]:
    """Rows that were read (Arrow's RecordBatch), row by row where their lists are long. Raises ValueError where those of one row are."""
    if sum(_leaves(part.column(name)) for name in nested) <= ELEMENTS:
        yield part
        return
    for number in range(part.num_rows):
        row = part.slice(number, 1)
        if sum(_leaves(row.column(name)) for name in nested) > ELEMENTS:
            raise ValueError(f"the lists of one row hold more than {ELEMENTS:,} values")
        yield row


def _leaves(array: Any) -> int:
    """Values at the bottom of lists and structures."""
    kinds = arrow().types
    if kinds.is_dictionary(array.type) or not kinds.is_nested(array.type):
        return len(array)
    if kinds.is_struct(array.type):
        return sum(map(_leaves, array.flatten()))
    if kinds.is_map(array.type):
        start, end = array.offsets[0].as_py(), array.offsets[-1].as_py()
        return sum(_leaves(one.slice(start, end - start)) for one in (array.keys, array.items))
    return _leaves(array.flatten())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
