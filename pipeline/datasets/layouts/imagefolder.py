"""``imagefolder``: a folder that Hugging Face's ``datasets`` loads: copies of the pictures, and ``metadata.jsonl`` with their texts.

OUT/imagefolder/birds/1.jpg        OUT/imagefolder/metadata.jsonl   {"file_name": "birds/1.jpg", "text": "..."}

``datasets`` takes words such as ``train`` and ``test`` in the names of folders, then of files, for parts of the data set, and then reads
those alone, with the metadata that lie in them. Where a name has one, each part has its own metadata.jsonl, and what is in none
goes to ``train/``: so every picture is found, and with its text.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from models.temporary import temporary_folder
from pipeline.datasets.layouts.base import DataSet, Pair, Written, batched, file_below, inside, pictured, suffix_of
from pipeline.datasets.names import folded, folds
from pipeline.errors import InputError
from pipeline.filenames import cut
from pipeline.sanitize import json_line

FOLDER = "imagefolder"
OWN = frozenset({"file_name", "text"})
"""columns of ours: one that is kept from the source and has such a name becomes ``NAME_kept``"""
TOGETHER = 256
PART = re.compile(r"(?:^|[-._ 0-9/])(?:train|training|validation|valid|dev|val|test|testing|eval|evaluation)(?:$|[-._ 0-9/])")
"""what ``datasets`` takes for the name of a part, in a path"""
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
        parted = any(PART.search(row.key) for _, row in data.pairs() if pictured(row))
        with temporary_folder() as here:
            files: dict[str, Path] = {"": here / "0"} if not parted else {}
            for batch in batched((pair for pair in data.pairs() if pictured(pair[1])), TOGETHER):
                lines: dict[str, list[str]] = defaultdict(list)
                for (_, row), name in zip(batch, _copied(data, batch, names, parted=parted), strict=True):
                    if isinstance(name, InputError):
                        refused.append((row.key, name.code, name.message))
                        continue
                    part = part_of(name) if parted else ""
                    kept = {f"{own}_kept" if own in OWN else own: value for own, value in row.kept.items()}
                    told = {"file_name": name.removeprefix(part), "text": row.caption, **kept}
                    lines[part].append(json_line(told) + "\n")
                    count += 1
                for part, some in lines.items():
                    with files.setdefault(part, here / str(len(files))).open("a", encoding="utf-8", newline="\n") as file:
                        file.writelines(some)
            for part, path in files.items():
                path.touch()
                data.storage.put_file(f"{FOLDER}/{part}metadata.jsonl", path)
        return Written(place=f"{data.storage.url}/{FOLDER}/", items=count, refused=tuple(refused))


def part_of(name: str) -> str:
    """The folder of a picture whose name says a part of the data set, the innermost one, with its ``/``; nothing where none does."""
    folders = name.split("/")[:-1]
    last = max((number for number, folder in enumerate(folders, 1) if PART.search(folder)), default=0)
    return "".join(f"{folder}/" for folder in folders[:last])


def _copied(data: DataSet, batch: Sequence[Pair], names: set[str], *, parted: bool) -> list[str | InputError]:
    """Copy pictures; the name of each below the folder, or why it could not be read again. ``names``: those that were given."""
    same = folded if folds(data.storage, "_scenescribe") else str
    found: list[str | InputError] = []
    for (item, row), content in zip(batch, data.read([item for item, _ in batch]), strict=True):
        if isinstance(content, InputError):
            found.append(content)
            continue
        name = picture_name(row.key, content, str(item.locator.get("shard") or item.locator.get("path") or ""))
        if parted and not part_of(name):
            name = f"train/{name}"
        while same(name) in names:
            name = f"{name.rpartition('.')[0]}_.{name.rpartition('.')[2]}"
        names.add(same(name))
        data.storage.create(f"{FOLDER}/{name}", content, durable=False)
        found.append(name)
    return found


def picture_name(key: str, content: bytes, source_name: str) -> str:
    """The key as a file's name, with the suffix of what it is: it may have none, or lead out of the folder."""
    suffix = cut(inside(suffix_of(content, source_name)), LONGEST_SUFFIX)
    name = file_below(key, LONGEST_SUFFIX + 10)
    return name if name.lower().endswith((suffix, ".jpeg", ".jpe", ".jfif", ".tiff")) else name + suffix
