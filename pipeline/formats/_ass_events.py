"""The events of an ASS or SSA file: what is said in them, when, and where it stands.

Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}A man{\\i0}\\Nin a red coat

Which fields an event has tells the line ``Format:`` above. Files that a player shows are read: without a section, with the text between
other fields, with fewer fields, with line breaks that are none of ASS.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pipeline.errors import InputError
from pipeline.formats._heads import LONGEST_LINE, LOWERED, RAISED, Head, Notes, Parsed, at_its_place, bounded, clock, cue_of
from pipeline.formats._lines import lines_of
from pipeline.formats.base import JOINER
from pipeline.types import Cue, Track

_COLUMNS = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
"""of an event, where no Format line says otherwise; SSA v4 has Marked for Layer"""
_TIMED = {"start", "end", "text"}
_KINDS = frozenset({"dialogue", "comment", "format", "picture", "sound", "movie", "command", "style"})
"""of lines among events; what begins otherwise goes on with the event above"""
_TIME = re.compile(r"\d{1,6}:\d{2}:\d{2}[.]\d{2,3}", re.ASCII)
_PEN = re.compile(r"\\p(\d{1,4})(?!\d)")


def parse(text: str) -> Parsed:
    """Raises InputError ``bad_subtitles`` where there is no event, or more than any film has."""
    bounded(text, text.count("Dialogue:"))
    notes, info, styles, on_top = Notes(), dict[str, str](), {"Default"}, set[str]()
    section, columns, seen = "", _COLUMNS, False
    events = list[tuple[list[str], str, list[str]]]()  # the columns, the fields, and lines that go on with them
    goes_on: list[str] | None = None
    for line in map(str.strip, lines_of(text)):
        if line.startswith("[") and line.endswith("]") and len(line) < 60:
            section, goes_on = line[1:-1].strip().lower(), None
            seen = seen or section == "events"
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        known = bool(colon) and name in _KINDS
        if goes_on is not None and line and not known and not line.startswith(";"):
            goes_on.append(line[:LONGEST_LINE])
            continue
        if not colon:
            continue
        goes_on = None if known else goes_on
        if name == "dialogue":
            goes_on = []
            events.append((columns, value, goes_on))
        elif name == "format" and ((named := _named(value)) is not None or section == "events"):
            columns = named or _COLUMNS
        elif section == "script info":
            info.setdefault(name, value)
        elif section.endswith("styles") and name == "style":
            styles.add(value.split(",", 1)[0].strip().lstrip("*"))
            on_top |= _on_top(value, section)
    if not seen and not events:
        raise InputError("bad_subtitles", "this is no ASS file: it has no [Events]")
    if not seen:
        notes.add("header_missing", "[Events]")
    read = [_event(fields, value, below, styles) for fields, value, below in events]
    cues, position = at_its_place(_cues(read, notes, on_top))
    track = Track(
        cues=cues,
        language=info.get("language", "und"),
        title=info.get("title", ""),
        kind="subtitles",
        width=_number(info.get("playresx")),
        height=_number(info.get("playresy")),
        position=position,
    )
    return Parsed(track, notes.notices())


def _named(value: str) -> list[str] | None:
    """The columns that a line ``Format:`` names; None where they are none of an event."""
    named = [column.strip().lower() for column in value.split(",")[:40]]
    return named if set(named) >= _TIMED else None


def _event(columns: Sequence[str], value: str, below: Sequence[str], styles: Collection[str]) -> dict[str, str]:
    """The fields of an event by their names. Its text may have commas: what stands before and behind it has none. Where there are fewer
    fields than columns, the text is what is left behind the times and what is no text: a style, margins, nothing."""
    at = columns.index("text")
    fields = value.split(",", at)
    if len(fields) > at:
        behind = columns[at + 1 :]
        text, *others = fields[at].rsplit(",", len(behind))
        event = dict(zip((*columns[:at], *behind), (*fields[:at], *others), strict=False))
    else:
        times = 1 + max(columns.index("start"), columns.index("end"))
        event, rest = dict(zip(columns, fields[:times], strict=False)), fields[times:]
        while len(rest) > 1 and ((word := rest[0].strip()) == "" or word.lstrip("*") in styles or word.isdecimal()):
            rest = rest[1:]
        text = ",".join(rest) or fields[-1]
    return event | {"text": "\n".join((text, *below))}


def _cues(events: Sequence[Mapping[str, str]], notes: Notes, on_top: Collection[str]) -> list[Cue]:
    """``on_top``: names of the styles that put their text there; an event may say otherwise."""
    times = [(clock(event.get("start", "")), clock(event.get("end", ""))) for event in events]
    heads = [
        Head(
            start,
            end,
            exact=bool(_TIME.fullmatch(event.get("start", "").strip()) and _TIME.fullmatch(event.get("end", "").strip())),
        )
        for (start, end), event in zip(times, events, strict=True)
    ]
    cues = []
    for n, event in enumerate(events):
        shown, drawn = spoken(event.get("text", "")[:LONGEST_LINE])
        if drawn:
            notes.add("drawing_left_out", at=heads[n].start)
        if shown.strip() and (made := cue_of(heads, n, unescaped(shown).split("\n"), notes)) is not None:
            text, style = event.get("text", "")[:LONGEST_LINE], event.get("style", "Default").strip().lstrip("*")
            raised = RAISED.search(text) is not None or (style in on_top and LOWERED.search(text) is None)
            cues.append(replace(made, top=True) if raised else made)
    return cues


def _on_top(style: str, section: str) -> set[str]:
    """The style's name, where it puts its text on top; SSA v4 counts its places otherwise and has 18 columns."""
    values = [value.strip() for value in style.split(",")[:30]]
    at, places = (18, ("7", "8", "9")) if "+" in section else (12, ("5", "6", "7"))
    return {values[0].lstrip("*")} if len(values) > at and values[at] in places else set()


def spoken(text: str) -> tuple[str, bool]:
    """An event's text without its override blocks and drawings, and whether it has a drawing.

    ``{\\p1}m 0 0 l 10 0{\\p0}``: from a ``\\p`` above 0 to the next ``\\p0`` stand commands of a pen. A block that is never closed
    is text, as libass has it. One pass, whatever stands in it.
    """
    kept: list[str] = []
    at, pen, drawn = 0, False, False
    while True:
        start = text.find("{", at)
        while start > 0 and text[start - 1] == "\\":
            start = text.find("{", start + 1)
        end = text.find("}", start) if start >= 0 else -1
        part = text[at:] if end < 0 else text[at:start]
        if pen and part.strip():
            drawn = True
        elif not pen:
            kept.append(part)
        if end < 0:
            return "".join(kept), drawn
        for size in _PEN.findall(text, start, end):
            pen = size.strip("0") != ""
        at = end + 1


def unescaped(text: str) -> str:
    """Lines of an ASS event without blocks (``spoken``); takes back ``escaped``."""
    text = re.sub(r"\\[Nn]", "\n", text).replace(r"\h", " ")
    return text.replace(r"\{", "{").replace(r"\}", "}").replace("\\" + JOINER, "\\")


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) <= 5 else 0
