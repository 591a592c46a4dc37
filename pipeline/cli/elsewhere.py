"""Files of storages for commands that read and write files of this machine: fetched before, and put there after."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.temporary import temporary_folder
from pipeline.errors import InputError, OutputError
from pipeline.storage import open_storage, parted

LARGEST = 64 * 1024 * 1024
"""bytes of a file of text that is fetched"""


@contextlib.contextmanager
def fetched(address: str, options: Mapping[str, str]) -> Iterator[Path]:
    """While the block runs, the file is here, by its own name. Raises InputError ``not_found``, ``storage_denied``, ``bad_subtitles``."""
    storage, name = parted(address, options)
    if (size := storage.head(name).size) > LARGEST:
        raise InputError("bad_subtitles", f"{size} bytes are no subtitles")
    with temporary_folder() as folder:
        path = folder / name
        path.write_bytes(storage.get(name))
        yield path


def put(folder: str, name: str, data: bytes, options: Mapping[str, str], *, overwrite: bool) -> str:
    """Write a file to a folder of a storage; its address. Raises OutputError ``output_exists`` where there is one."""
    storage = open_storage(folder, options)
    address = f"{folder.rstrip('/')}/{name}"
    if overwrite or not storage.creates():
        if not overwrite and storage.exists(name):
            raise OutputError("output_exists", f"{address} exists; --overwrite replaces it")
        storage.put(name, data)
    elif not storage.create(name, data):
        raise OutputError("output_exists", f"{address} exists; --overwrite replaces it")
    return address
