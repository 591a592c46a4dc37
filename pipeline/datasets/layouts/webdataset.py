"""``webdataset``: tar shards as WebDataset reads them.

    source shards    the same names and keys: their members copied, KEY.txt and KEY.json added behind each sample
    other sources    new shards of SAMPLES pictures: 000000000.jpg, .txt, .json

A sample that has a KEY.txt or KEY.json of its own keeps it: ours are KEY.caption.txt and KEY.caption.json then. KEY.json is the row.
Two samples, or shards, whose names would become one (they differ in bytes that no name here has) keep apart: one is KEY~HASH.
"""

import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from pipeline.datasets.items import Item, Row
from pipeline.datasets.keys import marked, stored
from pipeline.datasets.layouts.base import (
    DataSet,
    Pair,
    Written,
    add_member,
    batched,
    captioned,
    copy_member,
    inside,
    pictured,
    spooled,
    suffix_of,
)
from pipeline.datasets.layouts.jsonl import plain
from pipeline.datasets.names import Names
from pipeline.datasets.plan import TWICE
from pipeline.datasets.tars import linked, opened
from pipeline.errors import InputError, ScenescribeError
from pipeline.sanitize import json_line

FOLDER = "webdataset"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """``samples`` of a new shard; ``captions_only``: no pictures, shards that are read beside the source's own."""

    samples: Annotated[int, Field(ge=1)] = 1000
    captions_only: bool = False
    settled: ClassVar[str] = "webdataset/*.tar: shards with KEY.txt and KEY.json beside each picture"

    def write(self, data: DataSet) -> Written:
        count, refused = 0, list[tuple[str, str, str]]()
        loose, names = list[Pair](), Names(data.storage, "_scenescribe")
        number = 0
        for source, pairs in _by_shard(data):
            if source is None:
                loose += pairs
                while len(loose) >= self.samples:
                    count += self._new(data, names, number, loose[: self.samples], refused)
                    loose, number = loose[self.samples :], number + 1
                continue
            try:
                count += self._same(data, names, source, pairs)
            except ScenescribeError as error:
                if not isinstance(error, InputError):
                    raise
                refused.append((source, error.code, error.message))
        if loose:
            count += self._new(data, names, number, loose, refused)
        return Written(place=f"{data.storage.url}/{FOLDER}/", items=count, refused=tuple(refused))

    def _same(self, data: DataSet, names: Names, source: str, pairs: list[Pair]) -> int:
        """A source's shard, with what came of it."""
        rows = {_sample(item): row for item, row in pairs if row.reason != TWICE}  # the first of them has the key
        if not rows:  # the same shard by another name
            return 0
        above = pairs[0][0].key.split("/")[: -1 - _sample(pairs[0][0]).count("/")]
        name = _shard(names, "/".join(above), source)
        with spooled(data.storage, name) as path, tarfile.open(path, "w") as out:
            if self.captions_only:
                used = dict[str, str]()
                for key, row in rows.items():
                    _add(out, _own(key, used), row, set())
            else:
                _copy(data, source, out, rows)
        return sum(map(captioned, rows.values()))

    def _new(self, data: DataSet, names: Names, number: int, pairs: list[Pair], refused: list[tuple[str, str, str]]) -> int:
        """A shard of pictures that come from elsewhere."""
        count = 0
        with spooled(data.storage, _shard(names, f"{number:06d}", "")) as path, tarfile.open(path, "w") as out:
            for place, batch in enumerate(batched(pairs, 64)):
                contents = data.read([item for item, _ in batch]) if not self.captions_only else iter([b""] * len(batch))
                for index, ((item, row), content) in enumerate(
                    zip(batch, contents, strict=True), number * self.samples + place * 64
                ):
                    if isinstance(content, InputError):
                        refused.append((row.key, content.code, content.message))
                        continue
                    key = f"{index:09d}"
                    if not self.captions_only:
                        add_member(out, key + suffix_of(content, str(item.locator.get("path", ""))), content)
                    _add(out, key, row, set())
                    count += 1
        return count


def _by_shard(data: DataSet) -> Iterator[tuple[str | None, list[Pair]]]:
    """The pairs of each source shard as soon as all are there (those asked again come last); None: of pictures that lie elsewhere."""
    left: Counter[str] = Counter(item.source for item, _ in data.pairs() if item.locator.get("shard"))
    waiting: dict[str, list[Pair]] = {}
    for item, row in data.pairs():
        if not item.locator.get("shard"):
            if pictured(row):
                yield None, [(item, row)]
            continue
        waiting.setdefault(item.source, []).append((item, row))
        left[item.source] -= 1
        if not left[item.source]:
            yield item.source, waiting.pop(item.source)


def _sample(item: Item) -> str:
    """WebDataset's ``__key__`` of a shard's item."""
    folder, slash, last = str(item.locator["shard"]).removeprefix("./").rpartition("/")
    return f"{folder}{slash}{last.partition('.')[0]}"


def _shard(names: Names, wanted: str, source: str) -> str:
    """What a shard's file is called: another shard may have its name already."""
    (taken,) = names.add([wanted])
    return f"{FOLDER}/{marked(wanted, source.encode('utf-8', 'surrogateescape')) if taken else wanted}.tar"


def _own(key: str, used: dict[str, str]) -> str:
    """What the members of a sample are called in our shard, before their first dot. ``used``: those that are, with their keys."""
    name = inside(f"{stored(key)}.x")[:-2]
    return name if used.setdefault(name, key) == key else marked(name, key.encode("utf-8", "surrogateescape"))


def _copy(data: DataSet, source: str, out: tarfile.TarFile, rows: Mapping[str, Row]) -> None:
    """All members in order, ours behind the last of each sample. A shard that is cut off ends where it does."""
    current, kinds, done, used = "", set[str](), set[str](), dict[str, str]()

    def leave() -> None:
        if current in rows and current not in done:
            done.add(current)
            _add(out, _own(current, used), rows[current], kinds)

    with closing(data.file(source)) as file, opened(file) as tar:
        end = file.seek(0, 2)
        try:
            for member in linked(tar):
                if not member.isreg():
                    continue
                folder, slash, last = member.name.removeprefix("./").rpartition("/")
                stem, dot, kind = last.partition(".")
                if (key := f"{folder}{slash}{stem}") != current:
                    leave()
                    current, kinds = key, set()
                if member.offset_data + member.size > end:
                    break
                if kind.lower() in kinds:  # webdataset refuses a shard in which a sample has one twice
                    continue
                kinds.add(kind.lower())
                content = tar.extractfile(member)
                assert content is not None
                copy_member(out, _own(key, used) + dot + stored(kind), member.size, content)  # it may be a film of gigabytes
        except tarfile.TarError:
            pass  # the listing said so already
        leave()


def _add(out: tarfile.TarFile, key: str, row: Row, kinds: set[str]) -> None:
    """The row of a sample; ``kinds``: suffixes that it has already."""
    if captioned(row):
        add_member(out, f"{key}.{'caption.txt' if 'txt' in kinds else 'txt'}", row.caption.encode())
    add_member(out, f"{key}.{'caption.json' if 'json' in kinds else 'json'}", json_line(plain(row)).encode())
