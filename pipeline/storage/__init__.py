"""Where files are kept, by path or address: one door for disks, buckets and web servers.

    open_storage("out")                local.py      a folder; temporary file, fsync, rename or link
    open_storage("s3://bucket/out")    objects.py    s3, gs, az, http(s) through obstore; conditional put
    open_storage("hf://datasets/...")  fallback.py   whatever fsspec reaches; no conditional put

base.py is the contract, credentials.py reads the shared files of AWS's programs, explain.py says what a refusal means.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import InputError, UsageError
from pipeline.storage.base import Entry, Storage

__all__ = ["Entry", "Storage", "is_address", "not_here", "open_storage", "parse_options", "parted"]

_SHORTENED = re.compile(r"(s3|gs|az|https?):/[^/]", re.IGNORECASE)
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def is_address(text: str | os.PathLike[str]) -> bool:
    """Whether this names something in a storage elsewhere, and not a path of this machine."""
    found = _ADDRESS.match(os.fspath(text))
    return found is not None and found[1].lower() != "file"


def not_here(name: str | os.PathLike[str]) -> InputError | None:
    """What is said of an address by commands that work with files of this machine; None where it is none.

    A Path of ``s3://bucket/a.mp4`` says ``s3:/bucket/a.mp4``, and is known too.
    """
    text = os.fspath(name)
    if not is_address(text) and (_SHORTENED.match(text) is None or os.path.lexists(text)):
        return None
    sentence = "it lies in a storage, and this command works with files of this machine: copy it here first"
    return InputError("not_here", f"{sentence} (caption, watch, annotate and export take addresses)", path=text)


def open_storage(place: str | os.PathLike[str], options: Mapping[str, str] | None = None) -> Storage:
    """The folder or prefix of this name. Nothing is asked of it yet.

    Raises UsageError ``bad_storage``, ``bad_storage_option``; EnvironmentFault ``data_missing``.
    """
    from pipeline.storage.fallback import FsspecStorage
    from pipeline.storage.local import LocalStorage
    from pipeline.storage.objects import SCHEMES, ObjectStorage

    text = os.fspath(place)
    if not is_address(text):
        return LocalStorage.opened(text, {})
    scheme = text.partition("://")[0].lower()
    kind: type[Storage] = ObjectStorage if scheme in SCHEMES else FsspecStorage
    return kind.opened(scheme + text[len(scheme) :], options or {})


def parted(place: str | os.PathLike[str], options: Mapping[str, str] | None = None) -> tuple[Storage, str]:
    """One file's storage and its name there. Raises as ``open_storage`` does, and UsageError ``bad_storage``: it names no file."""
    text = os.fspath(place)
    if not is_address(text):
        path = Path(text.removeprefix("file://"))
        return open_storage(path.parent, options), path.name
    folder, _, name = text.rpartition("/")
    if not name or folder.endswith((":/", ":")):
        raise UsageError("bad_storage", f"{text} names no file in a bucket or on a server")
    return open_storage(folder, options), name


def parse_options(given: Iterable[str]) -> dict[str, str]:
    """``KEY=VALUE`` of the command line. Raises UsageError ``bad_storage_option``."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("bad_storage_option", f"--storage-option {name}: it is written as KEY=VALUE")
        found[name.strip().replace("-", "_")] = value
    return found
