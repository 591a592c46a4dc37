"""Tar shards as WebDataset has them: ``0001.jpg``, ``0001.json``... are one sample, whose ``__key__`` is ``0001``.

    | head 512 | bytes, filled up to 512 | head | bytes | ... | two empty blocks |

The plan keeps where each picture's bytes lie, so a unit reads its own part of a shard, in pieces of PIECE bytes. Their heads are read
with them: where a shard was written anew meanwhile, another picture may lie there, and gets no other's key. Compressed tars have
no such places: they are one row with a reason. A hard link is the picture that it names; a link that can't be followed is a row.
"""

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.items import Item
from pipeline.datasets.tars import goes_on, linked, opened, stands
from pipeline.errors import InputError, ScenescribeError
from pipeline.imagesources.base import LARGEST, Content, Place, Wishes, is_picture
from pipeline.imagesources.ranged import RangedFile
from pipeline.storage import Storage, parted

PIECE = 16 << 20
"""bytes of one read"""
GAP = 1 << 20
"""bytes between two pictures that are read over, and not asked for apart"""
_COMPRESSED = (".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Source:
    """One shard."""

    folders: ClassVar[bool] = False
    reads: ClassVar[frozenset[str]] = frozenset({"shard"})

    def takes(self, name: str, beside: frozenset[str]) -> bool:
        return name.lower().endswith((".tar", *_COMPRESSED))

    def list(self, place: Place, wishes: Wishes) -> Iterator[Item]:
        if place.name.lower().endswith(_COMPRESSED):
            yield _broken(place, "compressed_shard")
            return
        size = place.storage.head(place.name).size
        seen, current, taken = False, "", set[str]()
        link: Item | None = None
        broken: Item | None = None
        file = RangedFile(place.storage, place.name, size)
        try:
            with opened(file) as tar:
                for member in linked(tar):
                    key = sample_key(member.name)
                    if key != current:
                        if link is not None:
                            yield link
                        current, taken, link = key, set(), None
                    if not is_picture(member.name):
                        continue
                    if member.islnk() or member.issym():
                        seen = True
                        if not taken:  # told where no picture of the sample follows
                            link = _broken(place, "link_not_followed", f"{place.stem}/{key}")
                        continue
                    if not member.isreg():
                        continue
                    link = None
                    if taken and member.name not in taken:  # one more picture of the sample; the same name again is a key twice
                        taken.add(member.name)
                        continue
                    taken.add(member.name)
                    seen = True
                    whole = member.offset_data + member.size <= size
                    yield Item(
                        key=f"{place.prefix}{place.stem}/{key}", source=place.url, reason="" if whole else "truncated_shard",
                        locator=_locator(member),
                    )  # fmt: skip
                if not ended(file, size):
                    broken = _broken(place, "truncated_shard")
                elif goes_on(file, size):
                    broken = _broken(place, "joined_shard")
        except tarfile.TarError:
            broken = _broken(place, "truncated_shard" if seen else "bad_shard")
        except InputError:
            if not seen:
                raise
            broken = _broken(place, "truncated_shard")
        yield from filter(None, (link, broken))

    def read(self, items: Sequence[Item], wishes: Wishes) -> Iterator[Content]:
        shards: dict[str, tuple[Storage, str]] = {}
        for run in runs(items):
            if run[0].source not in shards:
                shards[run[0].source] = parted(run[0].source, wishes.storage)
            yield from _read_run(*shards[run[0].source], run)


def sample_key(name: str) -> str:
    """WebDataset's ``__key__``: the name up to the first dot after its last slash."""
    folder, slash, last = name.removeprefix("./").rpartition("/")
    return f"{folder}{slash}{last.partition('.')[0]}"


def runs(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items that one read gets: of one shard, one behind the other or again, PIECE bytes together at most."""
    run: list[Item] = []
    begun = over = 0
    for item in items:
        start, end = _span(item)
        if run and not (item.source == run[0].source and begun <= start <= over + GAP and max(end, over) - begun <= PIECE):
            yield run
            run = []
        begun, over = (begun, max(end, over)) if run else (start, end)
        run.append(item)
    if run:
        yield run


def _locator(member: tarfile.TarInfo) -> dict[str, str | int]:
    """Where a picture lies; and what stands before it, so that who reads it sees that it does: the bytes of its head, and of a hard link
    the name in it."""
    other = {} if member.linkname == member.name else {"of": member.linkname}
    head = member.offset_data - member.offset
    return {"shard": member.name, "offset": member.offset_data, "size": member.size, "head": head, **other}


def _span(item: Item) -> tuple[int, int]:
    """Its head's first byte, and the one behind its last."""
    offset = int(item.locator["offset"])
    return offset - _head(item), offset + int(item.locator["size"])


def _head(item: Item) -> int:
    return int(item.locator.get("head", 0))  # in plans of older versions it is not told


def _read_run(storage: Storage, name: str, run: Sequence[Item]) -> Iterator[Content]:
    start, end = _span(run[0])[0], max(_span(item)[1] for item in run)
    if end - start - _head(run[0]) > LARGEST:
        yield InputError("picture_too_large", f"the file has more than {LARGEST >> 20} MB")
        return
    try:
        data = memoryview(storage.get_range(name, start, end - start))
    except ScenescribeError as error:
        yield from (InputError(error.code, error.message) for _ in run)
        return
    for item in run:
        at, to = (place - start for place in _span(item))
        yield _picture(item, data[at:to])


def _picture(item: Item, data: memoryview) -> Content:
    """An item's bytes, of those from its head on."""
    head, size = _head(item), int(item.locator["size"])
    name = str(item.locator.get("of", item.locator["shard"]))
    if head and len(data) >= head and not stands(bytes(data[:head]), name, size):
        return InputError("source_changed", "the shard was changed since it was listed: another file lies there now")
    if len(data) < head + size:
        return InputError("truncated_shard", "the shard ends before the picture does")
    return bytes(data[head:])


def ended(file: RangedFile, size: int) -> bool:
    """Whether an empty block stands where the last member ends: what every tar ends with."""
    at = file.tell()
    file.seek(max(0, min(at, size) - 512))
    return size >= 512 and file.read(512) == bytes(512)


def _broken(place: Place, reason: str, name: str = "") -> Item:
    """The row of what could not be listed of a shard; ``name``: of one of its samples."""
    name = name or place.name.rpartition("/")[2]
    locator: dict[str, str | int] = {"shard": "", "offset": 0, "size": 0}
    return Item(key=f"{place.prefix}{name}", source=place.url, locator=locator, weight=0.0, reason=reason)
