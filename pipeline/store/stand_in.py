"""Folders of this machine that stand for those of a storage.

    s3://bucket/films/a.mp4   <->   STATE/elsewhere/s3/bucket/films/a.mp4

A job's path is the one here, so that the queue, journals and documents know films of a bucket as they know those of a disk.
"""

from pathlib import Path

from pipeline.errors import UsageError

FOLDER = "elsewhere"


def stand_in(state_folder: Path, address: str) -> Path:
    """The folder of this machine that stands for an address. Raises UsageError ``bad_storage``."""
    scheme, _, rest = address.partition("://")
    parts = rest.strip("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in rest:
        raise UsageError("bad_storage", f"{address} is no address of a folder in a storage")
    return state_folder.absolute().joinpath(FOLDER, scheme.lower(), *parts)


def called(path: Path, state_folder: Path) -> Path | str:
    """What a path is called where people see it: the address that it stands for, otherwise the path itself."""
    try:
        scheme, *rest = path.relative_to(state_folder.absolute() / FOLDER).parts
    except ValueError:
        return path
    return f"{scheme}://{'/'.join(rest)}"
