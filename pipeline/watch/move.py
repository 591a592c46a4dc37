"""``--done-dir`` and ``--failed-dir``: the source moves after its job. Done again after a crash it comes to the same end.

rename where both are on one disk; else copy under a temporary name, sync, rename, and only then remove the source
"""

import errno
import filecmp
import os
import shutil
import stat
from itertools import count
from pathlib import Path

from pipeline.files import copy_whole
from pipeline.safe_open import lines_of


def move(source: Path, target: Path, size: int) -> Path | None:
    """Move a film; where it stands now, or None where it was gone already. A name that another file has is never taken.

    Raises OSError or OutputError; the source is untouched then.
    """
    try:
        if source.lstat().st_size != size:
            return None  # another version has come since: that one is a job of its own
    except FileNotFoundError:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        place = target if number == 1 else target.with_name(f"{target.stem}~{number}{target.suffix}")
        if not os.path.lexists(place):
            break
        found = place.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size == size and filecmp.cmp(source, place, shallow=False):
            source.unlink()  # copied, and then we died
            return place
    try:
        os.rename(source, place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with lines_of(source) as film:
            copy_whole(film, place)
        shutil.copystat(source, place, follow_symlinks=False)
        source.unlink()
    return place
