"""SBV, which YouTube exports: a line of two times, the text below it, a blank line.

0:00:01.000,0:00:02.500
A man in a red coat
"""

import re

from pipeline.errors import InputError
from pipeline.formats._heads import LONGEST_LINE, MOST_BODY, Head, Notes, Parsed, bounded, clock, cue_of
from pipeline.formats._lines import lines_of
from pipeline.formats._references import dereferenced
from pipeline.types import Track

_HEAD = re.compile(
    r"\s{0,8}(-?\d{1,6}:\d{1,2}:\d{1,2}(?:[.]\d{1,3})?)\s{0,4},\s{0,4}(-?\d{1,6}:\d{1,2}:\d{1,2}(?:[.]\d{1,3})?)\s*$", re.ASCII
)
_EXACT = re.compile(r"\d{1,6}:\d\d:\d\d[.]\d{3},\d{1,6}:\d\d:\d\d[.]\d{3}", re.ASCII)


def parse(text: str) -> Parsed:
    """Raises InputError ``bad_subtitles`` where no line holds the times of a cue, or more do than any film has."""
    bounded(text, 0)
    notes, heads, bodies = Notes(), list[Head](), list[list[str]]()
    stray = False
    for line in lines_of(text):
        found = _HEAD.match(line) if len(line) < 100 else None
        if found:
            heads.append(Head(clock(found[1]), clock(found[2]), exact=bool(_EXACT.fullmatch(line.strip()))))
            bodies.append([])
            bounded("", len(heads))
        elif line.strip() and not heads:
            stray = True
        elif line.strip() and len(bodies[-1]) < MOST_BODY:
            bodies[-1] += line[:LONGEST_LINE].replace("[br]", "\n").split("\n")
    if not heads:
        raise InputError("bad_subtitles", "no line of this file is the times of an SBV cue (0:00:01.000,0:00:02.000)")
    if stray:
        notes.add("cue_dropped", "their lines stand above the first times of the file")
    cues = (cue_of(heads, n, [dereferenced(line).strip() for line in body], notes) for n, body in enumerate(bodies))
    return Parsed(Track(cues=tuple(cue for cue in cues if cue), language="und", kind="subtitles"), notes.notices())
