"""``imagefolder``: a folder that Hugging Face's ``datasets`` loads: copies of the pictures, and ``metadata.jsonl`` with their texts.

OUT/imagefolder/birds/1.jpg        OUT/imagefolder/metadata.jsonl   {"file_name": "birds/1.jpg", "text": "..."}
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.layouts.base import DataSet, Pair, Written, batched, inside, pictured, spooled, suffix_of
from pipeline.errors import InputError
from pipeline.filenames import NAME_MAX, cut

FOLDER = "imagefolder"
OWN = frozenset({"file_name", "text"})
"""columns of ours: one that is kept from the source and has such a name becomes ``NAME_kept``"""
TOGETHER = 256
LONGEST_SUFFIX = 20
"""bytes"""


@dataclass(frozen=True)
class Layout:
    """Pictures that have a caption, with the columns that were kept."""

    settled: ClassVar[str] = (
        "imagefolder/: copies of the pictures and metadata.jsonl (file_name, text), for datasets.load_dataset"
    )

    def write(self, data: DataSet) -> Written:
        count, refused, names = 0, list[tuple[str, str, str]](), set[str]()
        with spooled(data.storage, f"{FOLDER}/metadata.jsonl") as path, path.open("w", encoding="utf-8", newline="\n") as file:
            for batch in batched((pair for pair in data.pairs() if pictured(pair[1])), TOGETHER):
                for (_, row), name in zip(batch, _copied(data, batch, names), strict=True):
                    if isinstance(name, InputError):
                        refused.append((row.key, name.code, name.message))
                        continue
                    kept = {f"{own}_kept" if own in OWN else own: value for own, value in row.kept.items()}
                    file.write(json.dumps({"file_name": name, "text": row.caption, **kept}, ensure_ascii=False) + "\n")
                    count += 1
        return Written(place=f"{data.storage.url}/{FOLDER}/", items=count, refused=tuple(refused))


def _copied(data: DataSet, batch: Sequence[Pair], names: set[str]) -> list[str | InputError]:
    """Copy pictures; the name of each below the folder, or why it could not be read again."""
    found: list[str | InputError] = []
    for (item, row), content in zip(batch, data.read([item for item, _ in batch]), strict=True):
        if isinstance(content, InputError):
            found.append(content)
            continue
        name = picture_name(row.key, content, str(item.locator.get("shard") or item.locator.get("path") or ""))
        while name in names:
            name = f"{name.rpartition('.')[0]}_.{name.rpartition('.')[2]}"
        names.add(name)
        data.storage.create(f"{FOLDER}/{name}", content, durable=False)
        found.append(name)
    return found


def picture_name(key: str, content: bytes, source_name: str) -> str:
    """The key as a file's name, with the suffix of what it is: it may have none, or lead out of the folder."""
    suffix = cut(inside(suffix_of(content, source_name)), LONGEST_SUFFIX)
    parts = [cut(part, NAME_MAX - LONGEST_SUFFIX - 10) for part in inside(key).split("/")]
    if not parts[-1].lower().endswith((suffix, ".jpeg", ".jpe", ".jfif", ".tiff")):
        parts[-1] += suffix
    return "/".join(parts)
