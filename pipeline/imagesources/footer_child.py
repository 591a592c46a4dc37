"""The child process that footers of Parquet files are shown to first (``pipeline.imagesources.footers``): it asks Arrow what we would ask.

    8 bytes, how many follow; the footer   ->   one byte: I live. One byte before all others: I am there

What Arrow refuses in good order is no matter of its. It ends with its stdin.
"""

import os
import resource
import sys
from contextlib import suppress
from typing import Any

from pipeline import sandbox
from pipeline.datasets.arrow import arrow
from pipeline.imagesources.footers import SIGNED
from pipeline.imagesources.pages import chunk_of

MAGIC = b"PAR1"


def main() -> None:
    """``python -m pipeline.imagesources.footer_child``."""
    sandbox.limit(resource.RLIMIT_CORE, 0)
    sandbox.enter()
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    pa = arrow()
    answers.write(b"+")
    while head := asked.read(8):
        look(pa, asked.read(int.from_bytes(head, "little")))
        answers.write(b"+")


def look(pa: Any, footer: bytes) -> None:
    """Ask all that is asked of a footer."""
    with suppress(Exception):  # who asks in earnest is told the same
        file = pa.parquet.ParquetFile(pa.BufferReader(MAGIC + footer + len(footer).to_bytes(4, "little") + MAGIC))
        told = file.metadata
        if len(footer) == told.serialized_size + SIGNED:
            return  # nobody asks on
        for group in map(told.row_group, range(told.num_row_groups)):
            for number in range(group.num_columns):
                with suppress(Exception):  # of a column that nobody may want
                    column = group.column(number)
                    _ = column.path_in_schema, chunk_of(column, group.num_rows)
        _ = file.schema_arrow


if __name__ == "__main__":
    main()
