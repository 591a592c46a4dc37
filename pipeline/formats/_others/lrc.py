"""LRC: lyrics, a time before each line. A line stands until the next one; one without words only ends the line before it.

[ti:A title] [la:en] [offset:+250]
[00:12.00]A line of a song
[00:17.20][01:20.10]A line that is sung twice
"""

import re

from pipeline.errors import InputError
from pipeline.formats._heads import LONGEST_LINE, Head, Notes, Parsed, bounded, clock, cue_of
from pipeline.formats._lines import lines_of
from pipeline.sanitize import MAX_CHARACTERS
from pipeline.types import Track

_STAMPS = re.compile(r"(?:\[\d{1,4}:\d{1,2}(?:[.:]\d{1,3})?\][ \t]{0,4}){1,200}", re.ASCII)
_STAMP = re.compile(r"\[([^\]]{1,20})\]")
_WORD = re.compile(r"<\d{1,4}:\d{1,2}(?:[.:]\d{1,3})?>|\[\d{1,4}:\d{1,2}(?:[.:]\d{1,3})?\]", re.ASCII)
"""the time of a word within a line, as karaoke has it"""
_TAG = re.compile(r"\[([a-z#]{1,10}):([^\]]{0,400})\]\s*$", re.IGNORECASE)
_TOGETHER = 8
"""lines that stand at one time, at most"""
_OFFSET = re.compile(r"\s*([+-]?\d{1,8})\s*", re.ASCII)


def parse(text: str) -> Parsed:
    """Raises InputError ``bad_subtitles`` where no line begins with a time, or more do than any film has."""
    bounded(text, 0)
    notes, tags, found = Notes(), dict[str, str](), list[tuple[float, str]]()
    for line in lines_of(text):
        line = line.strip()[:LONGEST_LINE]
        if stamps := _STAMPS.match(line):
            words = _WORD.sub("", line[stamps.end() :]).strip()[: 2 * MAX_CHARACTERS]
            for stamp in _STAMP.findall(stamps[0]):
                if (at := _seconds(stamp)) is not None:
                    found.append((at, words))
            bounded("", len(found))
        elif tag := _TAG.match(line):
            tags.setdefault(tag[1].lower(), tag[2].strip())
        elif line:
            notes.add("cue_dropped", "their lines have no time before them")
    if not found:
        raise InputError("bad_subtitles", "no line of this file begins with a time, as in LRC ([00:12.00]words)")
    late = _OFFSET.fullmatch(tags.get("offset", ""))
    earlier = int(late[1]) / 1000 if late else 0.0
    lines = dict[float, list[str]]()  # two languages stand at one time
    for at, words in sorted(found, key=lambda one: one[0]):
        together = lines.setdefault(at, [])
        if len(together) < _TOGETHER:
            together.append(words)
    times = [at - earlier for at in lines]
    heads = [Head(at, end, exact=end is not None) for at, end in zip(times, [*times[1:], None], strict=True)]
    cues = (cue_of(heads, n, body, notes) for n, body in enumerate(lines.values()) if any(body))
    track = Track(
        cues=tuple(cue for cue in cues if cue), language=tags.get("la") or "und", title=tags.get("ti", ""), kind="subtitles"
    )
    return Parsed(track, notes.notices())


def _seconds(stamp: str) -> float | None:
    """Of ``mm:ss.xx``, or ``mm:ss:xx`` as some programs write it."""
    minutes, _, rest = stamp.partition(":")
    return clock(f"{minutes}:{rest.replace(':', '.')}")
