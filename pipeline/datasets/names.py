"""Names of files that a format gave already, so that no second one is written over the first.

a.jpg a.png      one text beside both, a.txt       A.jpg a.png      the same, on a disk that takes A for a
"""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath

from pipeline.datasets.keys import Keys
from pipeline.storage import Storage


class Names:
    """Those of one storage; eight bytes each are kept."""

    def __init__(self, storage: Storage, there: str) -> None:
        """``there``: a file or folder that is there, to try by it whether cases are told apart."""
        self._folds = folds(storage, there)
        self._keys = Keys()

    def add(self, names: Sequence[str]) -> list[bool]:
        """For each, whether it was given before, or one that is the same file."""
        return self._keys.add([folded(name) for name in names] if self._folds else names)


def folds(storage: Storage, there: str) -> bool:
    """Whether names that differ in case alone are one file, as on disks of macOS and Windows; of a bucket they never are."""
    if storage.folder is None:
        return False
    path = storage.folder / there
    try:
        return os.path.samefile(path, path.with_name(PurePath(there).name.swapcase()))
    except (OSError, ValueError):
        return False


def folded(name: str) -> str:
    """What is the same of all names that such a disk takes for one: it tells no case, and not how an accent is written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
