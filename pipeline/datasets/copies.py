"""The rows that count, as Parquet elsewhere: without what was asked again, in files of one size."""

from pipeline.datasets import results
from pipeline.datasets.arrow import column_name, encode
from pipeline.datasets.items import Row
from pipeline.datasets.layouts.base import Written, captioned
from pipeline.datasets.ledger import Ledger
from pipeline.storage import Storage

ROWS = 100_000
"""of a file: some tens of MB, and as many as are in memory at once"""


def write(ledger: Ledger, storage: Storage) -> Written:
    """``data/part-00000.parquet`` and on. Raises OutputError where the storage refuses."""
    batch, files, count = list[Row](), 0, 0
    kept = {column_name(name): kind for name, kind in ledger.kept.items()}

    def flush() -> None:
        nonlocal files
        storage.put(f"data/part-{files:05d}.parquet", encode(batch, ledger.settings, kept, times=ledger.films))
        files += 1
        batch.clear()

    for row in results.rows(ledger):
        batch.append(row)
        count += captioned(row)
        if len(batch) == ROWS:
            flush()
    if batch or not files:
        flush()
    return Written(place=f"{storage.url}/data/", items=count)
