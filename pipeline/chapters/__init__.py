"""Formats of chapters: the name is the name of a file here.

names() -> ["ffmeta", "json", "txt", "vtt"]        write("vtt", chapters) -> text
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pipeline.chapters.base import Format
from pipeline.formats.base import milliseconds
from pipeline.outline import Chapter
from pipeline.sanitize import capped, clean

LONGEST_TITLE = 120
"""characters; players show about 60"""


def names() -> list[str]:
    """Every format, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if module.name not in ("base", "reading"))


@cache
def find(name: str) -> Format:
    """The format of a name that ``names`` has."""
    made: Format = import_module(f"{__name__}.{name}").Format()
    return made


def suffix(name: str) -> str:
    """``.vtt`` for vtt."""
    return find(name).suffix


def write(name: str, chapters: Sequence[Chapter], *, language: str = "en", title: str = "") -> str:
    """The chapters as a file of the format."""
    return find(name).write(tidy(chapters), language=language, title=one_line(title))


def tidy(chapters: Sequence[Chapter]) -> tuple[Chapter, ...]:
    """Chapters as every writer may rely on them: in whole milliseconds, with a title each; one without length is left out."""
    made: list[Chapter] = []
    for chapter in chapters:
        start, end = milliseconds(chapter.start) / 1000, milliseconds(chapter.end) / 1000
        if end > start:
            title = capped(one_line(chapter.title), LONGEST_TITLE) or f"Chapter {len(made) + 1}"
            made.append(replace(chapter, start=start, end=end, title=title))
    return tuple(made)


def one_line(text: str) -> str:
    """Clean text without line breaks."""
    return " ".join(clean(text).split())
