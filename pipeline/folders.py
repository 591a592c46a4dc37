"""Walks through folders of others, which may lie inside each other as deep as names can be long: nothing here calls itself.

What lies deeper than DEEPEST is left out, and that is logged: its outputs could not be made either.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

DEEPEST = 100
"""folders inside each other that are entered"""

T = TypeVar("T")

log = logging.getLogger(__name__)


def tree(entries: Iterable[T], inside: Callable[[T], Iterable[T] | None]) -> Iterator[T]:
    """The leaves of a tree, depth first, in the order that they are told in. ``inside``: what lies in an entry, None of a leaf.

    It is asked of an entry only when its turn has come, and its errors are raised.
    """
    told = False
    above = [iter(entries)]
    while above:
        for entry in above[-1]:
            if (below := inside(entry)) is None:
                yield entry
            elif len(above) <= DEEPEST:
                above.append(iter(below))
                break
            elif not told:
                told = True
                path = entry.path if isinstance(entry, os.DirEntry) else str(entry)
                log.warning("folders more than %d inside each other are left out: %s...", DEEPEST, ascii(path[:80])[1:-1])
        else:
            above.pop()


def files_below(folder: str | os.PathLike[str], *, recursive: bool = True) -> Iterator[str]:
    """Files of a folder and of those below it, each folder's files before the folders in it, by name. Hidden folders, links to
    folders and what can't be read are left out."""

    def listed(place: str) -> list[str]:
        """Files, and folders with a separator at their end."""
        files, folders = list[str](), list[str]()
        try:
            with os.scandir(place) as found:
                for entry in found:
                    if not is_folder(entry):
                        files += [] if _is_link_to_folder(entry) else [entry.path]
                    elif recursive and not entry.name.startswith("."):
                        folders.append(entry.path + os.sep)
        except OSError:
            return []
        return sorted(files) + sorted(folders)

    return tree(listed(os.fspath(folder)), lambda path: listed(path[: -len(os.sep)]) if path.endswith(os.sep) else None)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder itself, and no link to one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_link_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False
