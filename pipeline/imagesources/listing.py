"""All items of what the user named, once and in a fixed order: files, folders, patterns, buckets, tars, tables.

A folder's pictures are its own source's items; the shards and tables in it are listed one by one. A key may come twice: the plan sees
that.
"""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline import families
from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError, UsageError
from pipeline.imagesources.base import Place, Source, Wishes, is_hidden, is_picture
from pipeline.storage import is_address, open_storage, parted

Problem = Callable[[str, ScenescribeError], None]
"""told of a name that nothing can be listed of"""
SPECIAL = "imagefolder"


class Listing:
    """What the user named. ``problem`` hears of each name that can't be; iterating raises UsageError where a column is not there."""

    def __init__(self, names: Sequence[str], wishes: Wishes, problem: Problem, *, without: str = "") -> None:
        """``without``: a folder whose files are none of the sources': where the run writes."""
        self._names, self._wishes, self._problem = list(names), wishes, problem
        self._without = without
        self._apart = False
        # tables first: folder is for what nobody else takes
        members = sorted(families.members("imagesources"), key=lambda name: (name == "folder", name))
        self._sources: list[Source] = [families.parse("imagesources", name) for name in members]

    def __iter__(self) -> Iterator[Item]:
        names = list(self._expanded())
        # files of several folders may have one name: their keys then begin with the folder's
        self._apart = len({name.rstrip("/").rpartition("/")[0] for name in names if not _is_folder(name)}) > 1
        for name in names:
            try:
                yield from self._of(name)
            except UsageError:
                raise
            except ScenescribeError as error:
                self._problem(name, error)

    def _expanded(self) -> Iterator[str]:
        """Names, patterns as what they stand for."""
        for name in self._names:
            if is_address(name) or os.path.lexists(name) or not glob.has_magic(name):
                yield name
                continue
            found = sorted(glob.glob(name, recursive=True))
            if not found:
                self._problem(name, InputError("not_found", "no file matches this pattern"))
            # pictures of one folder stay one source, however many the pattern names
            yield from found

    def _of(self, name: str) -> Iterator[Item]:
        """Raises ScenescribeError."""
        several = len(self._names) > 1
        if not is_address(name) and not os.path.lexists(name):
            raise InputError("not_found", "there is no such file or folder")
        source = None if _is_folder(name) else self._for_file(name)
        if source is not None:
            storage, last = parted(name, self._wishes.storage)
            yield from source.list(Place(storage=storage, name=last, url=name, prefix=self._before(name)), self._wishes)
        elif is_picture(name) and not _is_folder(name):
            storage, last = parted(name, self._wishes.storage)
            storage.head(last)
            yield Item(key=self._before(name) + last, source=storage.url, locator={"path": last})
        elif not _is_folder(name):
            raise InputError("not_a_source", "this is no picture, film, tar, Parquet file or folder")
        else:
            url = name.rstrip("/") or name
            prefix = f"{url.rpartition('/')[2]}/" if several else ""
            yield from self._of_folder(Place(storage=open_storage(url, self._wishes.storage), name="", url=url, prefix=prefix))

    def _of_folder(self, place: Place) -> Iterator[Item]:
        """Its pictures by the folder source that takes it, then each shard and table in it."""
        files, beside = list[str](), set[str]()
        pictures = ours = False
        for entry in place.storage.list():
            if is_hidden(entry.name):
                continue
            if self._is_ours(place, entry.name):
                ours = True
                continue
            if is_picture(entry.name):
                pictures = True
            elif self._for_file(entry.name) is not None:
                files.append(entry.name)
            elif entry.name.rpartition("/")[2].startswith("metadata."):
                beside.add(entry.name)
        if pictures:
            folder = next(one for one in self._sources if one.folders and one.takes(place.url, frozenset(beside)))
            for item in folder.list(place, self._wishes):
                if not self._is_ours(place, str(item.locator["path"])):
                    yield item
        for name in files:
            source = self._for_file(name)
            assert source is not None
            file = Place(storage=place.storage, name=name, url=f"{place.url}/{name}", prefix=place.prefix)
            try:
                yield from source.list(file, self._wishes)
            except InputError as error:
                yield Item(key=f"{place.prefix}{name}", source=file.url, locator={}, weight=0.0, reason=error.code)
        if not pictures and not files:
            where = ", outside of the output folder (-o), which is left out: write to another" if ours else " in it"
            raise InputError("no_pictures", f"there is no picture, film, tar or Parquet file{where}")

    def _before(self, name: str) -> str:
        """What the keys of a file that is named by itself begin with: its folders, without what leads out of here."""
        above = name.partition("://")[2] if is_address(name) else name
        parts = [part for part in above.split("/")[:-1] if part not in ("", "..", ".")]
        return "/".join([*parts, ""]) if self._apart else ""

    def _for_file(self, name: str) -> Source | None:
        return next((one for one in self._sources if not one.folders and one.takes(name, frozenset())), None)

    def _is_ours(self, place: Place, name: str) -> bool:
        if not self._without:
            return False
        full = f"{place.url}/{name}"
        if is_address(full):
            return full.startswith(self._without.rstrip("/") + "/")
        return Path(full).absolute().is_relative_to(Path(self._without).absolute())


def _is_folder(name: str) -> bool:
    """Whether a name is a folder's; of an address: whether its last part has no suffix that a file of ours has."""
    if not is_address(name):
        return os.path.isdir(name)
    return name.endswith("/") or "." not in name.rpartition("/")[2]
