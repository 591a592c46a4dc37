"""``txt``: a text beside each picture, as trainers of LoRAs read it: ``birds/1.jpg`` and ``birds/1.txt``.

Never over a file that is not ours: one that is there and says something else is told, and stays. Pictures that are no files of a
folder (in tars, in tables) get theirs under OUT/txt/, by their keys.

    a.jpg, a.png      in a folder    a.txt is the first one's: the other is told where it says something else, with --overwrite too
    k\0, k_           keys           txt/k_.txt and txt/k_~HASH.txt: a key may be no file's name, or be too long for one
"""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.keys import MARK, marked
from pipeline.datasets.layouts.base import DataSet, Pair, Written, batched, file_below, pictured
from pipeline.datasets.names import Names
from pipeline.errors import InputError, OutputError
from pipeline.storage import Storage

THREADS = 16
TOGETHER = 1024
MOST_TOLD = 1000
"""refusals that are kept to be told"""


@dataclass(frozen=True)
class Layout:
    """One line, UTF-8."""

    settled: ClassVar[str] = "NAME.txt beside each picture (--caption-extension); under OUT/txt/ where pictures are no files"

    def write(self, data: DataSet) -> Written:
        count, refused = 0, list[tuple[str, str, str]]()
        folders: dict[str, Storage] = {}
        given: dict[str, Names] = {}
        with ThreadPoolExecutor(THREADS, thread_name_prefix="texts") as threads:
            for batch in batched((pair for pair in data.pairs() if pictured(pair[1])), TOGETHER):
                for item, _ in batch:
                    if "path" in item.locator and item.source not in folders:
                        folders[item.source] = _there(data.folder(item.source))
                texts = [_text(data, folders, pair) for pair in batch]
                errors = dict[int, OutputError | None]()
                for again in _in_turn(texts, given, data.extension):  # those that share a name with an earlier one wait for it
                    errors.update(zip(again, threads.map(_written, [texts[place] for place in again]), strict=True))
                for number, (item, _) in enumerate(batch):
                    if (error := errors[number]) is None:
                        count += 1
                    elif len(refused) < MOST_TOLD:
                        refused.append((item.key, error.code, error.message))
        place = ", ".join(sorted(folders)) if folders else f"{data.storage.url}/txt/"
        return Written(
            place=f"{data.extension} beside the pictures of {place}" if folders else place, items=count, refused=tuple(refused)
        )


def _there(storage: Storage) -> Storage:
    """A folder of pictures; texts make none. Raises InputError ``not_found``: it was named from where annotate was run."""
    if storage.folder is not None and not storage.folder.is_dir():
        raise InputError(
            "not_found", f"there is no folder {storage.url} here, whose pictures get texts: run this where annotate was run"
        )
    return storage


@dataclass(slots=True)
class _Text:
    """One that is to be written."""

    storage: Storage
    name: str
    text: str
    overwrite: bool
    there: str
    """a file, or a folder, that lies in the storage"""
    key: str = ""
    """what its name is made of; empty where it lies beside a picture, and can have no other"""
    shared: bool = False
    """whether it has the name of one before it"""


def _text(data: DataSet, folders: dict[str, Storage], pair: Pair) -> _Text:
    item, row = pair
    text = row.caption + "\n"
    if "path" in item.locator:
        path = str(item.locator["path"])
        return _Text(folders[item.source], named(path, data.extension), text, data.overwrite, path)
    name = f"txt/{file_below(row.key, len(data.extension.encode()))}{data.extension}"
    return _Text(data.storage, name, text, data.overwrite, "_scenescribe", row.key)


def _in_turn(texts: Sequence[_Text], given: dict[str, Names], extension: str) -> tuple[list[int], list[int]]:
    """Places of texts whose names nobody had before, and then of the others: they have other names now, or go over nothing."""
    by_storage = defaultdict[str, list[int]](list)
    for place, one in enumerate(texts):
        by_storage[one.storage.url].append(place)
    later = set[int]()
    for url, places in by_storage.items():
        if url not in given:
            given[url] = Names(texts[places[0]].storage, texts[places[0]].there)
        again = [
            place for place, before in zip(places, given[url].add([texts[place].name for place in places]), strict=True) if before
        ]
        for place in again:
            if key := texts[place].key:
                other = marked(file_below(key, MARK + len(extension.encode())), key.encode())
                texts[place].name = f"txt/{other}{extension}"
        for place, before in zip(again, given[url].add([texts[place].name for place in again]), strict=True):
            texts[place].shared = before
        later.update(again)
    return [place for place in range(len(texts)) if place not in later], sorted(later)


def _written(one: _Text) -> OutputError | None:
    error = put_text(one.storage, one.name, one.text, overwrite=one.overwrite and not one.shared)
    if one.shared and error is not None and error.code == "caption_in_the_way":
        text = f"{one.name} says something else, and is the text of another picture too: give one of them another name"
        return OutputError("caption_in_the_way", text, path=one.name)
    return error


def named(picture: str, extension: str) -> str:
    """The text's name beside a picture."""
    folder, slash, last = picture.rpartition("/")
    return folder + slash + (last.rpartition(".")[0] or last) + extension


def put_text(storage: Storage, name: str, text: str, *, overwrite: bool) -> OutputError | None:
    """Write a text where there is none; None where it is there now. Raises OutputError where nothing can be written at all."""
    data = text.encode()
    try:
        if storage.create(name, data, durable=False):
            return None
    except OutputError as error:
        if error.code not in ("bad_name", "unwritable"):  # of this name alone
            raise
        return error
    try:
        there = storage.get_range(name, 0, len(data) + 1)
    except InputError:
        there = b""
    if there == data:
        return None
    if overwrite:
        storage.put(name, data)
        return None
    return OutputError(
        "caption_in_the_way", f"{name} is there already and says something else; --overwrite replaces it", path=name
    )
