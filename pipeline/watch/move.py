"""``--done-dir`` and ``--failed-dir``: the source moves after its job. Done again after a crash it comes to the same end.

rename where both are on one disk; else copy under a temporary name, sync, rename, and only then remove the source, if it is still
the file that was copied: whoever sends a new version meanwhile finds it where it was put, and so does the next look at the folder
"""

import contextlib
import errno
import os
import shutil
import stat
from itertools import count
from pathlib import Path
from typing import BinaryIO

from pipeline import log as logs
from pipeline.file_version import FileVersion
from pipeline.files import copy_whole
from pipeline.safe_open import lines_of

BLOCK = 1 << 20
log = logs.get(__name__)


def move(source: Path, target: Path, version: FileVersion) -> Path | None:
    """Move a film; where it stands now, or None where it was gone already, or stays. A name that another file has is never taken.

    A link stays, with a line in the log; so does a version that took the film's name after that one was described, or while it is moved.
    Raises OSError or OutputError; the source is untouched then.
    """
    try:
        found = source.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):  # elsewhere it would lead somewhere else, and what it leads to is a film of its own
        _stays(source, "link_stays", "it is a link, and only films are moved; move or remove it by hand")
        return None
    if FileVersion.of(found) != version:
        _stays(source, "source_changed", "another version took its name since it was described; it is described in its turn")
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        place = target if number == 1 else target.with_name(f"{target.stem}~{number}{target.suffix}")
        if not os.path.lexists(place):
            break
        if _is_plain(place, version.size):
            with lines_of(source) as film:
                opened = os.fstat(film.fileno())
                if _same(film, place):  # copied, and then we died
                    _remove(source, found, opened)
                    return place
    try:
        os.rename(source, place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return _copied(source, place, found)
    return _as_described(source, place, version)


def _as_described(source: Path, place: Path, version: FileVersion) -> Path | None:
    """Where a film that was renamed stands; one that took the name between the look at it and that goes back where nothing has it by now."""
    moved = place.lstat()
    if stat.S_ISREG(moved.st_mode) and FileVersion.of(moved) == version:
        return place
    try:
        os.link(place, source, follow_symlinks=False)  # unlike a renaming it replaces nothing
        place.unlink()
    except OSError:  # a third one has the name, or the disk has no hard links
        if os.path.lexists(source):
            _stays(
                place,
                "source_changed",
                "another version took its name while it was moved, and a third one since: that is described",
            )
            return place
        os.rename(place, source)
    _stays(source, "source_changed", "another version took its name while it was moved; it is described in its turn")
    return None


def _copied(source: Path, place: Path, found: os.stat_result) -> Path | None:
    """Move to another disk."""
    with lines_of(source) as film:
        opened = os.fstat(film.fileno())
        copy_whole(film, place)
        if not FileVersion.of(found) == FileVersion.of(opened) == FileVersion.of(os.fstat(film.fileno())):
            place.unlink()  # of no version: it was written to meanwhile
            _stays(source, "source_changed", "it was written to while it was moved; it is described anew")
            return None
        shutil.copystat(film.fileno(), place)  # type: ignore[arg-type]  # by the descriptor: the name may be another's now
    _remove(source, found, opened)
    return place


def _remove(source: Path, found: os.stat_result, opened: os.stat_result) -> None:
    """Remove a film that stands at its new place, unless its name is another file's by now. ``found`` by its name, then ``opened``."""
    steady = _identity(found) == _identity(opened)  # some file systems give a file another inode at each look
    known = _identity if steady else FileVersion.of
    with contextlib.suppress(FileNotFoundError):  # somebody else removed it
        if known(source.lstat()) == known(opened):
            source.unlink()
        else:
            _stays(source, "source_changed", "another version took its name while it was moved; it is described in its turn")


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, *FileVersion.of(status))


def _is_plain(place: Path, size: int) -> bool:
    found = place.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def _same(film: BinaryIO, place: Path) -> bool:
    with lines_of(place) as other:
        while block := film.read(BLOCK):
            if block != other.read(BLOCK):
                return False
        return not other.read(1)


def _stays(source: Path, reason: str, message: str) -> None:
    log.warning("not moved", path=source, reason=reason, message=message)
