"""SubRip: no standard, no escape; UTF-8 without a byte order mark.

Players read ``<b>``, ``{\\an8}`` and ``\\N`` as markup, and parsers take ``-->`` and a line of digits for a cue's head. So an
invisible word joiner (U+2060) follows ``<`` and ``\\`` and breaks ``-->``, times and digits, and a brace becomes its full-width
sister and a joiner. A reader sees the same text; our own reader takes it all back.
"""

import re

from pipeline.errors import InputError
from pipeline.formats import base
from pipeline.types import Cue, Document, Track

JOINER = "\u2060"
_ARMOUR = str.maketrans({"<": "<" + JOINER, "\\": "\\" + JOINER, "{": "\uff5b" + JOINER, "}": "\uff5d" + JOINER})
_STAMP = re.compile(r"(\d:\d{1,2})(?=[.,]\d)")
_MARKUP = re.compile(r"</?(?:i|b|u|s|font)\b[^<>\u2060]*>|\{\\[^}\u2060]*\}", re.IGNORECASE)
"""What players take for markup in files of others; in ours a joiner stands in its way"""
_HEAD = re.compile(r"\s*(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(\d+):(\d{1,2}):(\d{1,2})[,.](\d{1,3})(?:\s.*)?$")


class Format(base.Format):
    suffix = ".srt"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        blocks = []
        for number, cue in enumerate(track.cues, 1):
            start, end = base.milliseconds(cue.start), base.milliseconds(cue.end)
            text = "\n".join(map(armoured, cue.lines))
            blocks.append(f"{number}\n{base.clock(start, ',')} --> {base.clock(end, ',')}\n{text}\n")
        return "\n".join(blocks)

    def read(self, text: str) -> Track:
        """Lenient with blank lines and indices, as players are; italics and the like are dropped."""
        cues, lines = [], text.splitlines()
        heads = [(k, found) for k, line in enumerate(lines) if (found := _HEAD.match(line))]
        if not heads and text.strip():
            raise InputError("bad_subtitles", "no line of this file is the times of an SRT cue (00:00:01,000 --> 00:00:02,000)")
        for n, (at, head) in enumerate(heads):
            until = heads[n + 1][0] if n + 1 < len(heads) else len(lines)
            body = [line.strip() for line in lines[at + 1 : until]]
            if n + 1 < len(heads) and body and body[-1].isdecimal():
                body.pop()
            start, end = _seconds(head.groups()[:4]), _seconds(head.groups()[4:])
            cues.append(Cue(start=start, end=end, lines=tuple(disarmed(_MARKUP.sub("", line)) for line in body if line)))
        return Track(cues=tuple(cues), language="und", kind="subtitles")


def armoured(line: str) -> str:
    """A line that no player reads as markup and no parser as a cue's head."""
    if line.isdecimal():
        return JOINER + line
    return _STAMP.sub(r"\1" + JOINER, line.translate(_ARMOUR)).replace("-->", "--" + JOINER + ">")


def disarmed(line: str) -> str:
    """The line before ``armoured``."""
    return line.replace("\uff5b" + JOINER, "{").replace("\uff5d" + JOINER, "}").replace(JOINER, "")


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000
