"""``txt``: a text beside each picture, as trainers of LoRAs read it: ``birds/1.jpg`` and ``birds/1.txt``.

Never over a file that is not ours: one that is there and says something else is told, and stays. Pictures that are no files of a
folder (in tars, in tables) get theirs under OUT/txt/, by their keys.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.layouts.base import DataSet, Pair, Written, batched, file_below, pictured
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
        with ThreadPoolExecutor(THREADS, thread_name_prefix="texts") as threads:
            for batch in batched((pair for pair in data.pairs() if pictured(pair[1])), TOGETHER):
                for item, _ in batch:
                    if "path" in item.locator and item.source not in folders:
                        folders[item.source] = _there(data.folder(item.source))
                for (item, _), error in zip(batch, threads.map(_writer(data, folders), batch), strict=True):
                    if error is None:
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


def _writer(data: DataSet, folders: dict[str, Storage]) -> Callable[[Pair], OutputError | None]:
    def write(pair: Pair) -> OutputError | None:
        item, row = pair
        beside = "path" in item.locator
        storage = folders[item.source] if beside else data.storage
        name = (
            named(str(item.locator["path"]), data.extension)
            if beside
            else f"txt/{file_below(row.key, len(data.extension.encode()))}{data.extension}"
        )
        return put_text(storage, name, row.caption + "\n", overwrite=data.overwrite)

    return write


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
