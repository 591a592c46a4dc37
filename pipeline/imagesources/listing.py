"""All items of what the user named, once and in a fixed order: files, folders, patterns, buckets, tars, tables.

A folder's pictures are its own source's items; the shards and tables in it are listed one by one. A key may come twice: the plan sees
that. Left out of a folder: data sets of ours in it, and the table about a shard that lies beside it (``0001.parquet``, ``0001.tar``).

A table that lacks a column costs nobody else: it is a row with its reason, or a name that is told. Where no table has the column, the
wish was mistyped, and that ends the listing.
"""

import glob
import os
from collections.abc import Callable, Iterator, Sequence

from pipeline import families
from pipeline.accident import logged
from pipeline.datasets.items import Item
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError, UsageError
from pipeline.imagesources.base import Place, Source, Wishes, is_hidden, is_picture
from pipeline.imagesources.imagefolder import TABLES
from pipeline.imagesources.patterns import is_pattern, matching
from pipeline.storage import Storage, is_address, open_storage, parted

Problem = Callable[[str, ScenescribeError], None]
"""told of a name that nothing can be listed of"""
LACKING = frozenset({"unknown_column", "no_image_column"})
"""codes of a table that lacks what is looked for"""


class Listing:
    """What the user named. ``problem`` hears of each name that can't be; iterating raises UsageError where a column is not there."""

    def __init__(self, names: Sequence[str], wishes: Wishes, problem: Problem, *, without: str = "") -> None:
        """``without``: a folder whose files are none of the sources': where the run writes."""
        self._names, self._wishes, self._problem = list(names), wishes, problem
        self._without = without
        self._apart = False
        self._lacking: list[tuple[str, Item | None, UsageError]] = []
        """tables without a column, with the row that tells of one; None: it was named itself"""
        self._matched, self._opened = set[str](), dict[str, Storage]()
        """names that a listing of a bucket found, and the folders of those that are pictures"""
        self._columns = self._any = False
        """whether a table had what was looked for, and whether anything at all was listed"""
        # tables first: folder is for what nobody else takes
        members = sorted(families.members("imagesources"), key=lambda name: (name == "folder", name))
        self._sources: list[Source] = [families.parse("imagesources", name) for name in members]

    def __iter__(self) -> Iterator[Item]:
        names = list(self._expanded())
        # files of several folders may have one name: their keys then begin with the folder's
        self._apart = len({name.rstrip("/").rpartition("/")[0] for name in names if not _is_folder(name)}) > 1
        for name in names:
            try:
                for item in self._of(name):
                    self._any = True
                    yield item
            except UsageError as error:
                if error.code not in LACKING:
                    raise
                self._lacking.append((name, None, error))
            except ScenescribeError as error:
                self._problem(name, error)
            except Exception as error:
                self._problem(name, logged(error, path=name))
        yield from self._without_columns()

    def _without_columns(self) -> Iterator[Item]:
        """The tables that lack a column. Raises UsageError where none has it."""
        for name, row, error in self._lacking:
            if not (self._columns if error.code == "unknown_column" else self._any):
                raise error
            if row is None:
                self._problem(name, error)
            else:
                yield row
        wishes = self._wishes
        asked = [name for name in (wishes.image_column, wishes.url_column, wishes.key_column, *wishes.keep_columns) if name]
        if asked and self._any and not self._columns:
            raise UsageError("unknown_column", f"there is no table in what was named, so no column '{asked[0]}'", name=asked[0])

    def _expanded(self) -> Iterator[str]:
        """Names, patterns as what they stand for."""
        for name in self._names:
            if is_pattern(name):
                try:
                    found = self._matching(name)
                except InputError as error:
                    self._problem(name, error)
                    continue
            elif is_address(name) or os.path.lexists(name) or not glob.has_magic(name):
                yield name
                continue
            else:
                found = sorted(glob.glob(name, recursive=True))
            if not found:
                self._problem(name, InputError("not_found", "no file matches this pattern"))
            # pictures of one folder stay one source, however many the pattern names
            yield from _without_side_tables(found)

    def _picture(self, name: str) -> tuple[Storage, str]:
        """A picture's storage, and its name there. Raises ScenescribeError where it is not there."""
        if name not in self._matched:
            storage, last = parted(name, self._wishes.storage)
            storage.head(last)
            return storage, last
        folder, _, last = name.rpartition("/")
        if folder not in self._opened:
            self._opened[folder] = open_storage(folder, self._wishes.storage)
        return self._opened[folder], last

    def _matching(self, name: str) -> list[str]:
        """What a pattern in a bucket stands for. Raises InputError where it can't be listed."""
        found = matching(name, self._wishes.storage)
        self._matched.update(found)
        return found

    def _of(self, name: str) -> Iterator[Item]:
        """Raises ScenescribeError."""
        several = len(self._names) > 1
        if not is_address(name) and not os.path.lexists(name):
            raise InputError("not_found", "there is no such file or folder")
        source = None if _is_folder(name) else self._for_file(name)
        if source is not None:
            storage, last = parted(name, self._wishes.storage)
            yield from self._of_file(source, Place(storage=storage, name=last, url=name, prefix=self._before(name)))
        elif is_picture(name) and not _is_folder(name):
            storage, last = self._picture(name)
            yield Item(key=self._before(name) + last, source=storage.url, locator={"path": last})
        elif not _is_folder(name):
            raise InputError("not_a_source", "this is no picture, film, tar, Parquet file or folder")
        else:
            url = name.rstrip("/") or name
            prefix = f"{url.rpartition('/')[2]}/" if several else ""
            yield from self._of_folder(Place(storage=open_storage(url, self._wishes.storage), name="", url=url, prefix=prefix))

    def _of_file(self, source: Source, place: Place) -> Iterator[Item]:
        table = "url" in source.reads
        try:
            yield from source.list(place, self._wishes)
        except UsageError:
            raise
        except Exception:
            self._columns = self._columns or table  # a column was not mistyped because its table is damaged
            raise
        self._columns = self._columns or table  # it had what was asked for

    def _of_folder(self, place: Place) -> Iterator[Item]:
        """Its pictures by the folder source that takes it, then each shard and table in it, then what can't be looked at."""
        files, beside, folders, sets = list[str](), set[str](), set[str](), list[str]()
        for entry in place.storage.list():
            above, _, last = entry.name.rpartition("/")
            if last == "run.json" and above.endswith("/_scenescribe"):
                sets.append(above.removesuffix("_scenescribe"))
            if is_hidden(entry.name):
                continue
            if is_picture(entry.name):
                folders.add(above)
            elif last in TABLES:
                beside.add(entry.name)
            elif self._for_file(entry.name) is not None:
                files.append(entry.name)
        found, lost = len(folders) + len(beside) + len(files), set[str]()
        out = _below(place, self._without)
        left_out = tuple({*sets, *([] if out is None else [out])})
        folders = {one for one in folders if not f"{one}/".startswith(left_out)}
        beside = {one for one in beside if not one.startswith(left_out)}
        files = _without_side_tables([one for one in files if not one.startswith(left_out)])
        if folders:
            folder = next(one for one in self._sources if one.folders and one.takes(place.url, frozenset(beside)))
            for item in folder.list(place, self._wishes):
                if not str(item.locator["path"]).startswith(left_out):
                    lost.update([item.key] if item.reason else ())
                    yield item
            self._columns = self._columns or "path" not in folder.reads  # it has a table beside its pictures
        else:  # they tell of no pictures here; one in Parquet may hold some
            files = sorted([*files, *(one for one in beside if self._for_file(one) is not None)])
        for name in files:
            source = self._for_file(name)
            assert source is not None
            file = Place(storage=place.storage, name=name, url=f"{place.url}/{name}", prefix=place.prefix)
            try:
                yield from self._of_file(source, file)
            except (InputError, EnvironmentFault) as error:
                yield _untold(file, error.code)
            except UsageError as error:
                if error.code not in LACKING:
                    raise
                self._lacking.append((file.url, _untold(file, error.code), error))
            except Exception as error:
                yield _untold(file, logged(error, path=file.url).code)
        for name, reason in place.storage.left_out():
            file_of_ours = is_picture(name) or self._for_file(name)
            if is_hidden(name) or name.startswith(left_out) or not (file_of_ours or reason == "unreadable"):
                continue
            if place.prefix + name not in lost:  # a table of an imagefolder may have named it
                lost.add(place.prefix + name)
                locator = {"path": name} if is_picture(name) else {}
                yield Item(key=place.prefix + name, source=place.url, locator=locator, weight=0.0, reason=reason)
        if not folders and not files and not lost:
            where = ", outside of the output folder (-o) and other data sets, which are left out" if found else " in it"
            if found and out == "":
                where = " to read: -o is this very folder; name another (--format txt writes beside the pictures all the same)"
            raise InputError("no_pictures", f"there is no picture, film, tar or Parquet file{where}")

    def _before(self, name: str) -> str:
        """What the keys of a file that is named by itself begin with: its folders, without what leads out of here."""
        above = name.partition("://")[2] if is_address(name) else name
        parts = [part for part in above.split("/")[:-1] if part not in ("", "..", ".")]
        return "/".join([*parts, ""]) if self._apart else ""

    def _for_file(self, name: str) -> Source | None:
        return next((one for one in self._sources if not one.folders and one.takes(name, frozenset())), None)


def _below(place: Place, out: str) -> str | None:
    """Where in a folder the run writes, as the beginning of names there: all of them where it is that folder; None: not in it."""
    if not out:
        return None
    here = place.url
    if not is_address(here) and not is_address(out):
        here, out = (os.path.abspath(one.removeprefix("file://")) for one in (here, out))
    here, out = here.rstrip("/") + "/", out.rstrip("/") + "/"
    return out.removeprefix(here) if out.startswith(here) else None


def _without_side_tables(names: Sequence[str]) -> list[str]:
    """Names without ``0001.parquet`` where ``0001.tar`` lies beside it: img2dataset writes there what it fetched from where."""
    shards = {name.removesuffix(".tar") for name in names if name.endswith(".tar")}
    return [name for name in names if not (name.endswith(".parquet") and name.removesuffix(".parquet") in shards)]


def _untold(file: Place, reason: str) -> Item:
    """The row of a file that nothing could be listed of."""
    return Item(key=f"{file.prefix}{file.name}", source=file.url, locator={}, weight=0.0, reason=reason)


def _is_folder(name: str) -> bool:
    """Whether a name is a folder's; of an address: whether its last part has no suffix that a file of ours has."""
    if not is_address(name):
        return os.path.isdir(name)
    return name.endswith("/") or "." not in name.rpartition("/")[2]
