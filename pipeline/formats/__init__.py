"""Subtitle formats: the name on the command line is the name of a file here.

names() -> ["ass", "csv", ...]      write("srt", track) -> text      read("srt", text) -> Track
"""

import re
from dataclasses import replace
from functools import cache, lru_cache

from pipeline import families
from pipeline.errors import InputError, UsageError
from pipeline.formats._heads import Parsed
from pipeline.formats._others import ALIASES, READERS
from pipeline.formats._others.detect import really
from pipeline.formats.base import Format
from pipeline.languages import told
from pipeline.sanitize import MAX_CHARACTERS, clean, is_clean, too_long
from pipeline.types import Document, Notice, Track

__all__ = [
    "Format",
    "Parsed",
    "format_of",
    "names",
    "parse",
    "parse_names",
    "read",
    "read_document",
    "reader_of",
    "suffix",
    "tidy",
    "write",
]

_TAG = re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,7}")


def names() -> list[str]:
    """Every format, sorted: the files here, and those of installed packages."""
    return families.members("formats")


@cache
def find(name: str) -> Format:
    """The format of a name. Raises UsageError ``unknown_format``, and ``plugin_broken`` for one of an installed package."""
    try:
        made = families.plugin_class("formats", name)()
    except UsageError:
        raise
    except Exception as error:  # anything may happen in somebody else's class
        raise UsageError("plugin_broken", f"the format '{name}' can't be used: {type(error).__name__}: {error}") from error
    if not isinstance(made, Format):
        raise UsageError("plugin_broken", f"the format '{name}' is none: its class is no pipeline.formats.base.Format")
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


def read_document(text: str) -> Document:
    """The document in a JSON text. Raises InputError ``bad_json``, which names the field that is wrong."""
    from pipeline.formats import json

    return json.from_text(text.removeprefix("\ufeff"))


def format_of(name: str) -> str:
    """The name of a format by its name or its suffix. Raises UsageError ``unknown_format``."""
    plain = name.lower().removeprefix(".")
    if plain not in names():
        plain = next((known for known in names() if _usable(known) and find(known).suffix == "." + plain), plain)
    find(plain)
    return plain


def _usable(name: str) -> bool:
    """Whether a format can be loaded: one that is broken, and not asked for, is in nobody's way."""
    try:
        find(name)
    except UsageError:
        return False
    return True


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
    """The same, and what had to be guessed or left out to read it; a file all of whose cues were left out is refused."""
    text = text.replace("\ufeff", "")
    name = reader_of(name)
    found = really(name, text)
    ours = found in names() and find(found).readable  # an installed format that reads wins over a reader of the house
    parsed = READERS[found](text) if found in READERS and not ours else find(found).parse(text)
    notices = parsed.notices
    if found != name:
        sentence = f"the file is called .{name} and is {found.upper()}; it was read as what it is"
        notices = (Notice(code="format_guessed", message=sentence), *notices)
    track = replace(tidy(parsed.track), language=told(parsed.track.language) or "und")
    dropped = [one.message for one in notices if one.code == "cue_dropped"]
    if dropped and not track.cues:
        raise InputError("bad_subtitles", f"nothing of this file can be shown: {'; '.join(dropped)}")
    cut = (
        Notice(code="text_cut", message=f"a text was cut to {MAX_CHARACTERS} characters", start=cue.start, end=cue.end)
        for cue in parsed.track.cues
        if too_long(cue.text)
    )
    return replace(parsed, track=track, notices=(*notices, *cut))


def reader_of(name: str) -> str:
    """What reads a format of this name or suffix: those that are only read, and other people's suffixes, too.

    Raises UsageError ``unknown_format``.
    """
    plain = name.lower().removeprefix(".")
    if plain in names():
        return plain
    plain = ALIASES.get(plain, plain)
    return plain if plain in READERS else format_of(plain)


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
            cues.append(cue if lines == cue.lines else replace(cue, lines=lines))
    ordered = sorted(cues, key=lambda cue: cue.start)
    language = track.language if _TAG.fullmatch(track.language) else "und"
    return replace(track, cues=tuple(ordered), title=clean(track.title).replace("\n", " "), language=language)
