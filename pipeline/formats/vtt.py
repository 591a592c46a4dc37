"""WebVTT (W3C): for the web. ``&``, ``<`` and ``>`` are escaped, so ``-->`` can't stand in a text.

A line of a text that a lenient reader, ours too, could take for the head of a cue (5, then 0:01 → 0:02) or of a file (``WEBVTT``) has an
invisible word joiner (U+2060), which our reader takes back.
Reading keeps to the standard where the file does, and reads on where it does not: no ``WEBVTT`` line, times as SRT has them, cues
without a blank line between them. What was guessed is said.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Literal

from pipeline.errors import InputError
from pipeline.formats import base
from pipeline.formats._beside import text_beside
from pipeline.formats._heads import LONGEST_LINE, MOST_BODY, Head, Notes, Parsed, at_its_place, bounded, cue_of, head
from pipeline.formats._lines import bare, is_number, lines_of
from pipeline.formats._stream_parts import Parts
from pipeline.formats.base import JOINER
from pipeline.types import Document, Track

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]*|/|\d[\d:.]*)?>")
"""``<3 of them>`` and ``< 5 >`` are no tags, and text that was not escaped"""
_READING = re.compile(r"<r[tp](?:[\s.][^<>]*)?>[^<>]*(?:</r[tp]>|(?=<r[tp]|</ruby))")
"""how a word is read (ruby), which is written above it"""
_LONG_NUMBER = re.compile(r"&#[0-9]{8,};?")
_HEAD = re.compile(r"[ \t]*(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}[ \t]*-->[ \t]*(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}(?:[ \t].*)?$", re.ASCII)
_LINE = re.compile(r"(?:^|\s)line:(\d{1,3}(?:\.\d{1,99})?)(%?)", re.ASCII)
_KINDS: dict[str, Literal["descriptions", "chapters"]] = {"descriptions": "descriptions", "chapters": "chapters"}
_BESIDE = ("NOTE", "STYLE", "REGION", "WEBVTT")
"""blocks that hold no cue; the last where parts of a stream were put one after another"""


class Format(base.Format):
    suffix = ".vtt"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        kind = f"Kind: {track.kind}\n"
        blocks = [f"WEBVTT\n{kind}Language: {track.language}\n"]
        for one in track.cues:
            start, end = base.milliseconds(one.start), base.milliseconds(one.end)
            settings = " line:5%" if track.on_top(one) else ""
            text = "\n".join(_armoured(one.lines)).translate(_ESCAPES)
            blocks.append(f"{base.clock(start)} --> {base.clock(end)}{settings}\n{text}\n")
        return "\n".join(blocks)

    def parse(self, text: str) -> Parsed:
        """Raises InputError ``bad_subtitles`` where no line holds the times of a cue, or more do than any film has."""
        bounded(text, text.count("-->"))
        lines = lines_of(text)
        if not any(map(str.strip, lines[1::2])):  # each line end was written twice
            lines = lines[::2]
        notes, header = Notes(), _header(lines)
        heads, bodies = _blocks(lines, notes)
        if not heads and not header:
            raise InputError("bad_subtitles", "no line of this file is the times of a WebVTT cue (00:01.000 --> 00:02.000)")
        if not header:
            notes.add("header_missing", "WEBVTT line")
        made = [cue_of(heads, n, [_plain(line) for line in body], notes) for n, body in enumerate(bodies)]
        cues, position = at_its_place(
            [replace(one, top=_on_top(found) or None) for one, found in zip(made, heads, strict=True) if one is not None]
        )
        return Parsed(
            Track(
                cues=cues,
                language=header.get("language") or "und",
                kind=_KINDS.get(header.get("kind", ""), "subtitles"),
                position=position,
            ),
            notes.notices(),
        )


def _header(lines: list[str]) -> dict[str, str]:
    """What stands under the first line; empty where that is not ``WEBVTT``."""
    first = lines[0].split(None, 1)
    if not first or first[0] != "WEBVTT":
        return {}
    found = {"": "WEBVTT"}
    for line in lines[1:32]:
        if not line.strip() or "-->" in line:
            break
        name, colon, value = line[:400].partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _blocks(lines: list[str], notes: Notes) -> tuple[list[Head], list[list[str]]]:
    """The heads and the lines below each, up to a blank line or the next head; what stands elsewhere and is text is noted."""
    heads: list[Head] = []
    bodies: list[list[str]] = []
    above, open_cue, beside, stray, parts = "", False, "", list[str](), Parts()
    for line in (*lines, ""):
        line = line.lstrip("\ufeff")
        blank = not line.strip()
        if open_cue and bodies[-1] and line.strip() == "WEBVTT":
            parts.begin(len(heads))
            open_cue, beside = False, "WEBVTT"  # the next part of a stream, whose last one ended without a blank line
            continue
        begins = not open_cue or not above or is_number(above)
        found = None if beside and not blank and "-->" not in line else head(line, _HEAD, alone=begins)
        if found is not None:
            if open_cue and bodies[-1] and is_number(bodies[-1][-1]):
                bodies[-1].pop()  # the number of this cue, without a blank line before it
            _below(bodies, stray[:-1], notes)  # the last one is the cue's name
            text = text_beside(found)
            heads.append(replace(found, exact=False) if text else found)
            bodies.append([text[:LONGEST_LINE]] if text else [])
            open_cue, beside = True, ""
            stray.clear()
        elif blank and line and open_cue:
            pass  # a line of spaces ends no cue, and YouTube's begin with one
        elif blank:
            _below(bodies, stray, notes)
            open_cue, beside = False, ""
            stray.clear()
        elif open_cue:
            if len(bodies[-1]) < MOST_BODY:
                bodies[-1].append(line[:LONGEST_LINE])
        elif beside:
            if beside == "WEBVTT":
                parts.told(line)
        else:
            beside = _beside(line) if not stray else ""
            if beside == "WEBVTT":
                parts.begin(len(heads))
            elif not beside and len(stray) < MOST_BODY:
                stray.append(line[:LONGEST_LINE])
        above = bare(line)
    return parts.placed(heads), bodies


def _beside(line: str) -> str:
    """Which block that holds no cue begins with a line; empty where none does."""
    word = line.split(None, 1)[0]
    return word if word in _BESIDE else ""


def _below(bodies: Sequence[list[str]], stray: Sequence[str], notes: Notes) -> None:
    """What becomes of lines below a blank one: they are the text of a cue that has none yet, and are lost, which is noted, where it has."""
    if not bodies or not stray or (len(stray) == 1 and is_number(stray[0])):
        return
    if bodies[-1]:
        notes.add("cue_dropped", "their lines stand below no times")
    else:
        bodies[-1].extend(stray)


def _armoured(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a cue, of which none is the beginning of another one."""
    for line, below in zip_longest(lines, lines[1:]):
        alive = line.strip() == "WEBVTT" or (is_number(line) and below and head(below, _HEAD, alone=True) is not None)
        yield JOINER + line if alive else line


def _plain(line: str) -> str:
    """A line without tags, readings of words and character references."""
    line = line.replace(JOINER, "")
    line = _READING.sub("", line) if "<ruby" in line else line
    return html.unescape(_LONG_NUMBER.sub("\ufffd", _TAG.sub("", line)))


def _on_top(found: Head) -> bool:
    """Whether a cue's settings put it into the upper third: ``line:5%``, ``line:0``."""
    place = _LINE.search(found.settings)
    return place is not None and float(place.group(1)) <= (33 if place.group(2) else 3)
