"""Whose captions a .descriptions.json holds, by its first lines: those of a long film are megabytes, and an archive has thousands.

{"schema_version": 1, "source": {"name": "movie.mp4", "size": 1048576, ...     is all that is read
"""

import json
import re
from pathlib import Path

from pipeline.safe_open import regular

HEAD = 4096
"""bytes of it that are read; a name has 255 at most, each six as JSON may write it"""
_SOURCE = re.compile(r'"source"\s*:\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"size"\s*:\s*(\d{1,20})\b')


def is_of(document: Path, film: Path) -> bool:
    """Whether this file holds captions of a film of this name and as many bytes."""
    found = _source(document)
    try:
        return found is not None and found == (film.name, film.stat().st_size)
    except OSError:
        return False


def is_of_another(document: Path, film: Path) -> bool:
    """Whether it holds captions of another film, which still lies beside this one: it would be lost, and this one described again and again."""
    found = _source(document)
    if found is None or found[0] == film.name:
        return False
    name, size = found
    other = film.parent / name
    try:
        return Path(name).name == name and other.is_file() and other.stat().st_size == size
    except (OSError, ValueError):
        return False


def _source(document: Path) -> tuple[str, int] | None:
    """The film's name and size in bytes; None where there is no such file, or it is none of ours."""
    try:
        with regular(document) as file:
            head = file.read(HEAD).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    found = _SOURCE.search(head)
    if found is None:
        return None
    try:
        return json.loads(found[1]), int(found[2])
    except ValueError:
        return None
