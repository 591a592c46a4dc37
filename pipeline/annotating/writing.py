"""From a data set's committed rows to the formats that were asked for."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO, cast

from pipeline import families
from pipeline.datasets import results
from pipeline.datasets.arrow import said
from pipeline.datasets.items import Item
from pipeline.datasets.layouts.base import DataSet, Layout, Pair, Written
from pipeline.datasets.ledger import Ledger
from pipeline.errors import InputError, UsageError
from pipeline.imagesources.base import SUFFIXES, Wishes
from pipeline.imagesources.ranged import RangedFile
from pipeline.imagesources.reading import Reader
from pipeline.inputs import VIDEO_SUFFIXES
from pipeline.options.annotate import check_extension
from pipeline.storage import open_storage, parted

FAMILY = "datasets.layouts"
TABLES = frozenset({".parquet", ".tar", ".jsonl", ".csv"})


def layouts_of(given: str) -> dict[str, Layout]:
    """``parquet,txt``, ``webdataset:samples=100`` or ``all`` -> formats by name. Raises UsageError ``unknown_plugin``, ``unknown_option``."""
    wanted: list[str] = []
    for part in filter(None, (part.strip() for part in given.split(","))):
        if "=" in part and ":" not in part and wanted:  # one more option of the format before it
            wanted[-1] += f",{part}"
        else:
            wanted.append(part)
    if "all" in wanted:
        wanted = [*families.members(FAMILY), *(one for one in wanted if ":" in one)]
    found: dict[str, Layout] = {}
    for spec in wanted:
        found[spec.partition(":")[0]] = families.parse(FAMILY, spec)
    return found


def write(
    ledger: Ledger, layouts: Mapping[str, Layout], wishes: Wishes, *, extension: str = ".txt", overwrite: bool = False
) -> dict[str, Written]:
    """Write each format from what is committed, and remove what killed processes left. Blocks.

    Raises OutputError, InputError ``bad_part``.
    """
    results.sweep(ledger)
    data = data_set(ledger, wishes, extension=extension, overwrite=overwrite)
    return {name: layout.write(data) for name, layout in layouts.items()}


def refuse_extension(extension: str) -> None:
    """Raise UsageError ``bad_value`` where texts of that extension could have the names of pictures, films or tables beside them, which
    ``--overwrite`` would replace."""
    taken = SUFFIXES | VIDEO_SUFFIXES | TABLES
    if (last := f".{extension.rpartition('.')[2]}".lower()) in taken:
        text = f"{last} is what pictures, films or tables are called, and texts would take their places"
        raise UsageError("bad_value", f"--caption-extension {extension}: {text}; choose another, such as .txt or .caption")
    try:
        check_extension(extension)
    except ValueError as error:
        raise UsageError("bad_value", f"--caption-extension {extension}: {error}") from None


def data_set(ledger: Ledger, wishes: Wishes, *, extension: str = ".txt", overwrite: bool = False) -> DataSet:
    """What formats are made from. Raises UsageError ``bad_value``."""
    refuse_extension(extension)
    return DataSet(
        storage=ledger.storage, pairs=partial(pairs, ledger), read=partial(_read, wishes), extension=extension, overwrite=overwrite,
        folder=lambda url: open_storage(url, wishes.storage), file=partial(_file, wishes),
        settings=ledger.settings,
    )  # fmt: skip


def pairs(ledger: Ledger) -> Iterator[Pair]:
    """The rows that count, each with its item."""
    units = iter(ledger.frozen.units.values())
    items: dict[str, Item] = {}
    for row in results.rows(ledger):
        while row.key not in items:
            if (unit := next(units, None)) is None:
                raise InputError("bad_part", f"a row of {row.key!r} is of no item of the plan")
            items = {said(item.key): item for item in ledger.frozen.items(unit)}
        yield items[row.key], row


def _read(wishes: Wishes, items: Sequence[Item]) -> Iterator[bytes | InputError]:
    return Reader(wishes).read(items)


def _file(wishes: Wishes, url: str) -> BinaryIO:
    storage, name = parted(url, wishes.storage)
    file: Any = RangedFile(storage, name, storage.head(name).size)
    return cast(BinaryIO, file)
