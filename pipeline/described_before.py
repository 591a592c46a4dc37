"""Whose captions a .descriptions.json holds, by its first lines: those of a long film are megabytes, and an archive has thousands.

{"schema_version": 1, "source": {"name": "movie.mp4", "size": 1048576, ...     is all that is read
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.safe_open import regular

HEAD = 4096
"""bytes of it that are read; a name has 255 at most, each six as JSON may write it"""
_PLACE = re.compile(r'"place"\s*:\s*"([0-9a-f]{12})"')
_SOURCE = re.compile(r'"source"\s*:\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"size"\s*:\s*(\d{1,20})\b')


@dataclass(frozen=True, slots=True)
class _Described:
    """The film that a document is of."""

    name: str
    size: int
    place: str


def place_of(film: Path) -> str:
    """Which folder a film lies in, in 12 hexadecimal digits: two films of one name are told apart, and a document names no folder."""
    return hashlib.sha256(os.fsencode(film.absolute().parent)).hexdigest()[:12]


def is_of(document: Path, film: Path) -> bool:
    """Whether this file holds captions of a film of this name and as many bytes."""
    found = _source(document)
    try:
        return found is not None and (found.name, found.size) == (film.name, film.stat().st_size)
    except OSError:
        return False


def is_of_another(document: Path, film: Path) -> bool:
    """Whether it holds captions of another film, which would be lost, and this one described again and again: of one that still lies
    beside this one, or of one with the same name and another size in another folder (``-o`` of two cards of a camera)."""
    found = _source(document)
    if found is None:
        return False
    try:
        if found.name == film.name:
            return found.place not in ("", place_of(film)) and found.size != film.stat().st_size
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
        return _Described(json.loads(found[1]), int(found[2]), place[1] if place else "")
    except ValueError:
        return None
