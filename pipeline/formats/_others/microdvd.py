"""Files called .sub: MicroDVD counts in frames, MPL2 in tenths of a second, SubViewer has times; a line or two for each cue.

{25}{50}A man|in a red coat         MicroDVD; {1}{1}25 as the first line tells the rate
[10][20]/A man|in a red coat        MPL2
00:00:01.00,00:00:02.00             SubViewer
A man[br]in a red coat
"""

import re

from pipeline.errors import InputError
from pipeline.formats._heads import LONGEST_LINE, MOST_BODY, Head, Notes, Parsed, bounded, clock, cue_of
from pipeline.formats._lines import lines_of
from pipeline.formats._references import dereferenced
from pipeline.types import Track

RATE = 23.976
"""frames a second where the file does not tell: that of most films in this format"""

_FRAMES = re.compile(r"\s{0,8}\{(\d{1,9})\}\s{0,4}\{(\d{0,9})\}(.*)", re.ASCII)
_TENTHS = re.compile(r"\s{0,8}\[(\d{1,9})\]\s{0,4}\[(\d{0,9})\](.*)", re.ASCII)
_TIMES = re.compile(r"\s{0,8}(\d{1,4}:\d\d:\d\d[.:]\d{1,3})\s{0,4},\s{0,4}(\d{1,4}:\d\d:\d\d[.:]\d{1,3})\s*$", re.ASCII)
_CODE = re.compile(r"\{[A-Za-z]:[^{}]{0,200}\}")
_TOLD = re.compile(r"\s*(\d{1,3}(?:[.,]\d{1,6})?)\s{0,4}(?:fps)?\s*", re.ASCII | re.IGNORECASE)
_VOBSUB = "this .sub file holds pictures of subtitles (VobSub), not text; an OCR tool makes text of it"


def parse(text: str) -> Parsed:
    """Raises InputError ``bad_subtitles`` where no line is a cue of these formats, or more are than any film has."""
    if text.startswith(("\0\0\1\xba", "\0\0\1\ufffd")) or "\0" in text[:4096]:
        raise InputError("bad_subtitles", _VOBSUB)
    bounded(text, 0)
    lines, notes = lines_of(text), Notes()
    counted = [line for line in lines if _FRAMES.match(line[:60])]
    if counted or any(_TENTHS.match(line[:60]) for line in lines):
        heads, bodies = _one_line_each(lines, _FRAMES if counted else _TENTHS, notes)
    else:
        heads, bodies = _subviewer(lines)
    if not heads:
        raise InputError("bad_subtitles", "no line of this file is a cue of MicroDVD ({25}{50}words), MPL2 or SubViewer")
    cues = (cue_of(heads, n, body, notes) for n, body in enumerate(bodies))
    return Parsed(Track(cues=tuple(cue for cue in cues if cue), language="und", kind="subtitles"), notes.notices())


def _one_line_each(lines: list[str], form: re.Pattern[str], notes: Notes) -> tuple[list[Head], list[list[str]]]:
    """Heads and texts of MicroDVD or MPL2."""
    rate, told = (RATE, False) if form is _FRAMES else (10.0, True)
    heads, bodies = list[Head](), list[list[str]]()
    for line in lines:
        found = form.match(line[:LONGEST_LINE])
        if not found:
            if line.strip():
                notes.add("cue_dropped", "their lines have no time before them")
            continue
        start, end, words = int(found[1]), int(found[2]) if found[2] else None, found[3]
        number = _TOLD.fullmatch(words)
        if not heads and form is _FRAMES and start <= 1 and end in (0, 1, start) and number:
            value = float(number[1].replace(",", "."))
            if 1 <= value <= 1000:
                rate, told = value, True
            continue
        heads.append(Head(start / rate, None if end is None else end / rate, exact=end is not None))
        bodies.append([_plain(part) for part in words.split("|", MOST_BODY)])
        bounded("", len(heads))
    if heads and not told:
        notes.add("rate_guessed", f"{RATE:g}")
    return heads, bodies


def _plain(part: str) -> str:
    """A line without codes of style; ``/`` before it is MPL2's and players' sign of italics."""
    part = dereferenced(_CODE.sub("", part)).strip()
    return part.removeprefix("/").strip() if part[:2].strip("/") or len(part) == 1 else part


def _subviewer(lines: list[str]) -> tuple[list[Head], list[list[str]]]:
    heads, bodies = list[Head](), list[list[str]]()
    for line in lines:
        found = _TIMES.match(line) if len(line) < 100 else None
        if found:
            heads.append(Head(clock(found[1]), clock(found[2])))
            bodies.append([])
            bounded("", len(heads))
        elif heads and line.strip() and len(bodies[-1]) < MOST_BODY:
            bodies[-1] += [dereferenced(part).strip() for part in line[:LONGEST_LINE].split("[br]")]
    return heads, bodies
