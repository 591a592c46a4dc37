"""Tables in Parquet: pictures as bytes (Hugging Face's ``{bytes, path}`` too) or as addresses, one a row.

Which column is which is said by --image-column, --url-column and --key-column, or found where only one can be meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.datasets.arrow import arrow
from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError, UsageError, nearest
from pipeline.imagesources.base import LARGEST, Content, Place, Wishes
from pipeline.imagesources.tables import KEYS, Table, as_json, opened, rows
from pipeline.imagesources.urls import Fetcher

BATCH = 32
"""rows with pictures that are read at once"""
LONGEST_NAME, LONGEST_ADDRESS = 4096, 8192
"""characters: a longer name is none, a longer address is not fetched"""
IMAGES, URLS, NAMES = ("image", "img", "jpg", "png", "bytes"), ("url", "image_url", "URL"), ("key", "__key__", "id", "file_name")
"""what people call these columns"""


@dataclass
class Source:
    """One file. It remembers where it stopped reading, since units come one behind the other."""

    folders: ClassVar[bool] = False
    reads: ClassVar[frozenset[str]] = frozenset({"file", "url"})
    _open: Any = field(default=None, init=False, repr=False)
    """the _Group that is being read"""
    _table: Any = field(default=None, init=False, repr=False)
    """its file's address, and the Table: a footer of 20,000 groups is not read for each of them"""

    def takes(self, name: str, beside: frozenset[str]) -> bool:
        return name.lower().endswith((".parquet", ".pq"))

    def list(self, place: Place, wishes: Wishes) -> Iterator[Item]:
        table = opened(place.url, wishes)
        columns = Columns.of(table.file.schema_arrow, wishes, place.url)
        wanted = list(dict.fromkeys(filter(None, (columns.key, columns.url, *wishes.keep_columns))))
        number = 0
        for group in range(table.file.num_row_groups):
            for row, values in enumerate(rows(table, group, wanted, KEYS)):
                name = _name_of(values.get(columns.key) if columns.key else None)
                kept, reason = {column: as_json(values[column]) for column in wishes.keep_columns}, ""
                locator: dict[str, str | int] = {
                    "file": place.name, "group": group, "row": row, "column": columns.image or "", "footer": table.digest,
                }  # fmt: skip
                if columns.url:
                    address = str(values[columns.url] or "")
                    locator, reason = ({"url": address}, "") if len(address) <= LONGEST_ADDRESS else ({"url": ""}, "url_refused")
                key = f"{place.prefix}{f'{place.stem}/{number}' if name is None else name}"
                yield Item(key=key, source=place.url, locator=locator, kept=kept, reason=reason)
                number += 1

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        fetcher: Fetcher | None = None
        try:
            for run in _runs(items):
                if "url" in run[0].locator:
                    fetcher = fetcher or Fetcher(wishes.allowed_hosts)
                    yield from fetcher.fetch([str(item.locator["url"]) for item in run])
                else:
                    yield from self._read_rows(run, wishes)
        finally:
            if fetcher is not None:
                fetcher.close()

    def _read_rows(self, run: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        """Pictures of one row group, from the first of them on."""
        for done, item in enumerate(run):
            try:
                yield self._group(item, wishes).picture(int(item.locator["row"]))
            except ScenescribeError as error:
                self._open = self._table = None
                yield from (InputError(error.code, error.message) for _ in run[done:])
                return
            except Exception:  # who reads on begins anew: of rows that ended so, no further ones come; who stops goes on here
                self._open = self._table = None
                raise

    def _group(self, item: Item, wishes: Wishes) -> "_Group":
        place = (item.source, int(item.locator["group"]), str(item.locator["column"]))
        if self._open is None or self._open.place != place or self._open.row > int(item.locator["row"]):
            if self._table is None or self._table[0] != item.source or not self._table[1].stands():
                self._table = (item.source, opened(item.source, wishes))
            if item.locator.get("footer", self._table[1].digest) != self._table[1].digest:
                raise _changed("its rows are others")
            self._open = _Group(place, self._table[1])
        group: _Group = self._open
        return group


class _Group:
    """A row group, read from its beginning; ``row`` is the next one."""

    def __init__(self, place: tuple[str, int, str], table: Table) -> None:
        """Raises InputError where the file is not the one that was listed."""
        self.place, self.row = place, 0
        _, group, self._column = place
        if group >= table.file.num_row_groups:
            raise _changed("it has fewer rows")
        if self._column not in table.file.schema_arrow.names:
            raise _changed(f"it has no column '{self._column}'")
        self._rows = rows(table, group, [self._column], BATCH)

    def picture(self, row: int) -> Content:
        """Raises InputError where the file can't be read any further."""
        value: Any = None
        while self.row <= row:
            if (values := next(self._rows, None)) is None:
                raise _changed("it has fewer rows")
            value = values[self._column]
            self.row += 1
        path = None
        if isinstance(value, dict):
            value, path = value.get("bytes"), value.get("path")
        if not isinstance(value, bytes):
            only = f", only a path ({str(path)[:100]}): write the table with its pictures in it" if path else ""
            return InputError("empty_picture", f"the table has no bytes for it{only}")
        return value if len(value) <= LARGEST else InputError("picture_too_large", f"it has more than {LARGEST >> 20} MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of a table are looked at."""

    image: str | None
    url: str | None
    key: str | None

    @classmethod
    def of(cls, schema: Any, wishes: Wishes, where: str) -> "Columns":
        """Raises UsageError ``unknown_column``, ``no_image_column``."""
        pa, names = arrow(), list(schema.names)
        for name in filter(None, (wishes.image_column, wishes.url_column, wishes.key_column, *wishes.keep_columns)):
            if name not in names:
                raise UsageError(
                    "unknown_column",
                    f"{where} has no column '{name}'{nearest(name, names)} (it has: {', '.join(names)})",
                    name=name,
                )
        key = wishes.key_column or next((name for name in NAMES if name in names), None)
        if wishes.image_column or wishes.url_column:
            _refuse_other_kinds(pa, schema, wishes, where)
            return cls(image=None if wishes.url_column else wishes.image_column, url=wishes.url_column, key=key)
        with_bytes = [name for name in names if _holds_bytes(pa, schema.field(name).type)]
        image = next((name for name in IMAGES if name in with_bytes), with_bytes[0] if len(with_bytes) == 1 else None)
        url = next((name for name in URLS if name in names), None) if image is None else None
        if image is None and url is None:
            raise UsageError(
                "no_image_column",
                f"{where}: no column that could be meant holds pictures; name one with --image-column (bytes) or --url-column "
                f"(it has: {', '.join(names)})",
            )
        return cls(image=image, url=url, key=key)


def _name_of(value: Any) -> str | None:
    """A value as the name of a row; None where it is none: nothing, no number, or longer than any name."""
    if value is None or value != value:
        return None
    name = as_json(value) if isinstance(value, bytes) else str(value)
    return name if len(name) <= LONGEST_NAME else None


def _changed(how: str) -> InputError:
    return InputError("source_changed", f"the table was changed since it was listed: {how}")


def _holds_bytes(pa: Any, kind: Any) -> bool:
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds_bytes(pa, kind.field("bytes").type)
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
    return any(one(plain) for one in kinds)


def _holds_words(pa: Any, kind: Any) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain))


def _refuse_other_kinds(pa: Any, schema: Any, wishes: Wishes, where: str) -> None:
    """Raise UsageError ``no_image_column`` where a column that was named holds neither bytes nor addresses."""
    wanted = ((wishes.image_column, _holds_bytes, "bytes"), (wishes.url_column, _holds_words, "addresses"))
    for name, holds, what in wanted:
        if name and not holds(pa, schema.field(name).type):
            raise UsageError("no_image_column", f"{where}: the column '{name}' holds {schema.field(name).type}, and no {what}")


def _runs(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Addresses together, rows of one group together."""
    run: list[Item] = []
    for item in items:
        if run and _kind(item) != _kind(run[0]):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _kind(item: Item) -> tuple[object, ...]:
    return ("url",) if "url" in item.locator else (item.source, item.locator["group"])
