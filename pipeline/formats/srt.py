"""SubRip: no standard, no escape; UTF-8 without a byte order mark.

Players read ``<b>``, ``{\\an8}`` and ``\\N`` as markup, and parsers take ``-->`` and a line of digits for a cue's head. So an
invisible word joiner (U+2060) follows ``<`` and ``\\`` and breaks ``-->``, times, digits and ``&amp;``, and a brace becomes its
full-width sister and a joiner. A reader sees the same text; our own reader takes it all back.
"""

import re
from dataclasses import replace

from pipeline.errors import InputError
from pipeline.formats import base
from pipeline.formats._beside import text_beside
from pipeline.formats._heads import LONGEST_LINE, MOST_BODY, RAISED, Head, Notes, Parsed, at_its_place, bounded, cue_of, head
from pipeline.formats._lines import bare, is_number, lines_of, numbered
from pipeline.formats._references import REFERENCE, dereferenced
from pipeline.formats.base import JOINER
from pipeline.types import Document, Track

_ARMOUR = str.maketrans({"<": "<" + JOINER, "\\": "\\" + JOINER, "{": "\uff5b" + JOINER, "}": "\uff5d" + JOINER})
_STAMP = re.compile(r"(\d:\d{1,2})(?=[.,]\d)")
_ATTRIBUTE = r"\s+[\w-]+\s*=\s*(?:\"[^\"<>\u2060]*\"|'[^'<>\u2060]*'|[^\s\"'<>=\u2060]+)"
_MARKUP = re.compile(rf"</?(?:[ibus](?:{_ATTRIBUTE})*\s*/?|font(?:\s[^<>\u2060]*)?)>|\{{\\[^{{}}\u2060]*\}}", re.IGNORECASE)
"""What players take for markup in files of others; in ours a joiner stands in its way. ``a<b & c>d`` is text, though some players drop it"""
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TOP = r"{\an8}"
"""what a cue that asks for the top of itself begins with, as it did where it was read"""
_HEAD = re.compile(r"\s*\d+:\d{1,2}:\d{1,2}[,.]\d{1,3}\s*-->\s*\d+:\d{1,2}:\d{1,2}[,.]\d{1,3}(?:\s.*)?$", re.ASCII)
_THOUSANDTHS = re.compile(r"\s*\d+:\d+:\d+[,.]\d{3}\s*-->\s*\d+:\d+:\d+[,.]\d{3}", re.ASCII)
""",5" is half a second to some players and 5 thousandths to others; half a second is what it most likely means"""


class Format(base.Format):
    suffix = ".srt"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        blocks = []
        for number, cue in enumerate(track.cues, 1):
            start, end = base.milliseconds(cue.start), base.milliseconds(cue.end)
            text = (_TOP if cue.top else "") + "\n".join(map(armoured, cue.lines))
            blocks.append(f"{number}\n{base.clock(start, ',')} --> {base.clock(end, ',')}\n{text}\n")
        return "\n".join(blocks)

    def parse(self, text: str) -> Parsed:
        """Lenient as players are: blank lines, numbers and times as they come; italics and the like are dropped.

        Raises InputError ``bad_subtitles`` where no line holds the times of a cue, or more do than any film has.
        """
        bounded(text, text.count("-->"))
        notes, lines = Notes(), lines_of(text)
        heads: list[Head] = []
        places: list[int] = []
        above = ""
        for k, line in enumerate(lines):
            said = line.replace("--&gt;", "-->") if "--&gt;" in line else line  # of a page that it was copied from
            if (found := head(said, _HEAD, alone=not above or is_number(above), pairs=True)) is not None:
                heads.append(found if _THOUSANDTHS.match(said) else replace(found, exact=False))
                places.append(k)
            above = bare(line)
        if not heads and text.strip():
            raise InputError("bad_subtitles", "no line of this file is the times of an SRT cue (00:00:01,000 --> 00:00:02,000)")
        if any(bare(line) and not is_number(line) for line in lines[: places[0] if places else 0]):
            notes.add("cue_dropped", "their lines stand above the first times of the file")
        cues, counted = [], numbered(lines, places)
        for n, at in enumerate(places):
            end = _end(lines, at, places[n + 1] if n + 1 < len(places) else None, counted)
            on_top = any("{" in line and RAISED.search(line) is not None for line in lines[at + 1 : min(end, at + 3)])
            body = [line.strip()[:LONGEST_LINE] for line in lines[at + 1 : min(end, at + 1 + MOST_BODY)]]
            if beside := text_beside(heads[n]):
                body.insert(0, beside[:LONGEST_LINE])
                heads[n] = replace(heads[n], exact=False)
            made = cue_of(heads, n, [shown for line in body for shown in _shown(line) if line], notes)
            if made is not None:
                cues.append(replace(made, top=True) if on_top else made)
        placed, position = at_its_place(cues)
        return Parsed(Track(cues=placed, language="und", kind="subtitles", position=position), notes.notices())


def _end(lines: list[str], at: int, following: int | None, counted: bool) -> int:
    """Where the lines of the cue end whose times stand at ``at``: without blank ones, and without the number of the cue that follows, or of
    one that a file was cut off before, where its cues are counted."""
    end = len(lines) if following is None else following
    while end > at + 1 and not bare(lines[end - 1]):
        end -= 1
    if counted and end > at + 1 and is_number(lines[end - 1]):
        alone = end > at + 3 and not bare(lines[end - 2])  # a text may end in a number, and be one
        end -= following is not None or alone
    while end > at + 1 and not bare(lines[end - 1]):
        end -= 1
    return end


def _shown(line: str) -> list[str]:
    """What a reader sees of a line: without markup, with the signs that are written as character references, parted where it says so."""
    marked = _BREAK.split(line) if "<" in line else [line]
    parts = [_MARKUP.sub("", part) if "<" in part or "{" in part else part for part in marked]
    return [disarmed(dereferenced(part)) for part in parts]


def armoured(line: str) -> str:
    """A line that no player reads as markup and no parser as a cue's head."""
    if is_number(line):
        return JOINER + line
    line = REFERENCE.sub(lambda found: "&" + JOINER + found[0][1:], line) if "&" in line else line
    return _STAMP.sub(r"\1" + JOINER, line.translate(_ARMOUR)).replace("-->", "--" + JOINER + ">")


def disarmed(line: str) -> str:
    """The line before ``armoured``."""
    if line.isascii():
        return line
    return line.replace("\uff5b" + JOINER, "{").replace("\uff5d" + JOINER, "}").replace(JOINER, "")
