"""Subtitle formats: the name on the command line is the name of a file here.

names() -> ["ass", "csv", ...]      write("srt", track) -> text      read("srt", text) -> Track
"""

import re
from dataclasses import replace
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules

from pipeline.errors import UsageError, nearest
from pipeline.formats._heads import Parsed
from pipeline.formats.base import Format
from pipeline.sanitize import clean, is_clean
from pipeline.types import Cue, Document, Track

__all__ = [
    "Format",
    "Parsed",
    "format_of",
    "names",
    "parse",
    "parse_names",
    "read",
    "read_document",
    "suffix",
    "tidy",
    "write",
    "write_document",
]

_TAG = re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,7}")


def names() -> list[str]:
    """Every format, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_") and module.name != "base")


@cache
def find(name: str) -> Format:
    """The format in ``pipeline/formats/NAME.py``. Raises UsageError ``unknown_format``."""
    known = names()
    if name not in known:
        raise UsageError(
            "unknown_format", f"there is no format '{name}'{nearest(name, known)} (there are: {', '.join(known)})", name=name
        )
    made = import_module(f"pipeline.formats.{name}").Format()
    assert isinstance(made, Format)
    return made


def parse_names(spec: str) -> tuple[str, ...]:
    """``srt,vtt`` or ``all`` -> format names, each once. Raises UsageError ``unknown_format``."""
    wanted = [name.strip().lower() for name in spec.split(",") if name.strip()]
    if not wanted:
        raise UsageError("unknown_format", f"no format is named (there are: {', '.join(names())}, or all)")
    if "all" in wanted:
        return tuple(names())
    for name in wanted:
        find(name)
    return tuple(dict.fromkeys(wanted))


def write_document(document: Document) -> str:
    """The document as JSON (docs/captions.schema.json)."""
    from pipeline.formats import json

    return json.to_text(document)


def read_document(text: str) -> Document:
    """The document in a JSON text. Raises InputError ``bad_json``, which names the field that is wrong."""
    from pipeline.formats import json

    return json.from_text(text.removeprefix("\ufeff"))


def format_of(name: str) -> str:
    """The name of a format by its name or its suffix. Raises UsageError ``unknown_format``."""
    plain = name.lower().removeprefix(".")
    found = next((known for known in names() if known == plain or find(known).suffix == "." + plain), plain)
    find(found)
    return found


def suffix(name: str) -> str:
    """``.srt`` for srt."""
    return find(name).suffix


def write(name: str, track: Track, document: Document | None = None) -> str:
    """The track as a file of the format; ``document`` is what the track was made from (json writes all of it)."""
    return find(name).write(tidy(track), document)


def read(name: str, text: str) -> Track:
    """The track in a file. Raises UsageError ``not_readable``, InputError ``bad_subtitles`` or ``bad_json``."""
    return parse(name, text).track


def parse(name: str, text: str) -> Parsed:
    """The same, and what had to be guessed or left out to read it."""
    parsed = find(name).parse(text.replace("\ufeff", ""))
    return replace(parsed, track=tidy(parsed.track))


@lru_cache(maxsize=2)
def tidy(track: Track) -> Track:
    """The track with clean lines, in order, without empty cues: what every writer may rely on."""
    cues = []
    for cue in track.cues:
        if 0 < len(cue.lines) <= 3 and all(map(is_clean, cue.lines)) and cue.end > cue.start >= 0:
            cues.append(cue)
            continue
        text = clean(cue.text)
        if text and cue.end > cue.start >= 0:
            lines = tuple(text.split("\n"))
            cues.append(cue if lines == cue.lines else Cue(start=cue.start, end=cue.end, lines=lines))
    ordered = sorted(cues, key=lambda cue: cue.start)
    language = track.language if _TAG.fullmatch(track.language) else "und"
    return replace(track, cues=tuple(ordered), title=clean(track.title).replace("\n", " "), language=language)
