"""``parquet``: the rows as they were committed, ``data/part-*.parquet``. Nothing is copied."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.layouts.base import DataSet, Written, captioned


@dataclass(frozen=True)
class Layout:
    """Always there."""

    settled: ClassVar[str] = "data/part-*.parquet: one row a picture, with outcome, reason, size, hash and tokens"

    def write(self, data: DataSet) -> Written:
        return Written(place=f"{data.storage.url}/data/", items=sum(captioned(row) for _, row in data.pairs()))
