"""Whose captions a .descriptions.json holds, by its first lines: those of a long film are megabytes, and an archive has thousands.

{"schema_version": 1, "source": {"name": "movie.mp4", "size": 1048576, ...     is all that is read
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.file_version import sample
from pipeline.safe_open import regular

HEAD = 4096
"""bytes of it that are read; a name has 255 at most, each six as JSON may write it"""
_PLACE = re.compile(r'"place"\s*:\s*"([0-9a-f]{12})-([0-9a-f]{12})"')
_SOURCE = re.compile(r'"source"\s*:\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"size"\s*:\s*(\d{1,20})\b')


@dataclass(frozen=True, slots=True)
class _Described:
    """The film that a document is of."""

    name: str
    size: int
    folder: str = ""
    content: str = ""

    def like(self, film: Path) -> bool:
        """Whether a film of this name is this one: of its folder, whatever it became there, or moved here as it was. Raises OSError."""
        return self.folder in ("", _folder(film)) or (film.stat().st_size == self.size and self.content == _content(film))


def place_of(film: Path) -> str:
    """Where a film lies and what it is, as two hashes of 12 hexadecimal digits, ``FOLDER-CONTENT``: films of one name are told apart, and
    a document names no folder. "" where it can't be read."""
    try:
        return f"{_folder(film)}-{_content(film)}"
    except OSError:
        return ""


def _folder(film: Path) -> str:
    return hashlib.sha256(os.fsencode(film.absolute().parent)).hexdigest()[:12]


def _content(film: Path) -> str:
    with regular(film) as file:
        return sample(file.fileno(), os.fstat(file.fileno()).st_size, digits=12)


def is_of(document: Path, film: Path, *, placed: bool = False) -> bool:
    """Whether this file holds captions of a film of this name and as many bytes; where it tells the folder, of this film. ``placed``: one
    that does not tell it is of none, since films of other folders have this name too."""
    found = _source(document)
    if found is None or (placed and not found.folder):
        return False
    try:
        return (found.name, found.size) == (film.name, film.stat().st_size) and found.like(film)
    except OSError:
        return False


def is_of_another(document: Path, film: Path) -> bool:
    """Whether it holds captions of another film, which would be lost, and this one described again and again: of one that still lies
    beside this one, or of another one with the same name in another folder (``-o`` of two cards of a camera)."""
    found = _source(document)
    if found is None:
        return False
    try:
        if found.name == film.name:
            return not found.like(film)
        other = film.parent / found.name
        return Path(found.name).name == found.name and other.is_file() and other.stat().st_size == found.size
    except (OSError, ValueError):
        return False


def _source(document: Path) -> _Described | None:
    """What it is of; None where there is no such file, or it is none of ours."""
    try:
        with regular(document) as file:
            head = file.read(HEAD).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    found = _SOURCE.search(head)
    if found is None:
        return None
    place = _PLACE.search(head.partition('"model"')[0], found.end())
    try:
        return _Described(json.loads(found[1]), int(found[2]), *(place.groups() if place else ()))
    except ValueError:
        return None
