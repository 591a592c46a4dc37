"""``jsonl``: the columns of the Parquet rows, one object a line."""

from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.datasets.items import Row
from pipeline.datasets.layouts.base import DataSet, Written, captioned, in_the_way, spooled
from pipeline.sanitize import json_line

NAME = "captions.jsonl"


@dataclass(frozen=True)
class Layout:
    """All rows, failed ones too."""

    settled: ClassVar[str] = "captions.jsonl: the same rows, one JSON object a line"

    def write(self, data: DataSet) -> Written:
        if (refused := in_the_way(data, NAME, _ours)) is not None:
            return refused
        count = 0
        with spooled(data.storage, NAME) as path, path.open("w", encoding="utf-8", newline="\n") as file:
            for _, row in data.pairs():
                count += captioned(row)
                file.write(json_line(plain(row)) + "\n")
        return Written(place=f"{data.storage.url}/{NAME}", items=count)


def _ours(head: bytes) -> bool:
    return head.startswith(b'{"key": ') and b'"content": ' in head.split(b"\n", 1)[0]


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON; the hash in hexadecimal."""
    times = {"start": row.start, "end": row.end, "frames": list(row.frames)} if row.start is not None else {}
    return {
        "key": row.key, "source": row.source, "content": row.content.hex() if row.content else None, "width": row.width,
        "height": row.height, "caption": row.caption, "outcome": row.outcome.value, "reason": row.reason,
        "prompt_tokens": row.prompt_tokens, "completion_tokens": row.completion_tokens, "model": row.model, **times, **row.kept,
    }  # fmt: skip
