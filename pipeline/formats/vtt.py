"""WebVTT (W3C): for the web. ``&``, ``<`` and ``>`` are escaped, so ``-->`` can't stand in a text.

Reading goes through webvtt-py's strict parser, the only one that we found to keep to the standard.
"""

import html
import re
from typing import Literal

from pipeline.errors import InputError
from pipeline.formats import base
from pipeline.types import Cue, Document, Track

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_TAG = re.compile(r"<[^>]*>")
_LANGUAGE = re.compile(r"^Language:[ \t]*(\S+)", re.MULTILINE)
_KIND = re.compile(r"^Kind:[ \t]*descriptions\b", re.MULTILINE)


class Format(base.Format):
    suffix = ".vtt"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        kind = f"Kind: {track.kind}\n"
        blocks = [f"WEBVTT\n{kind}Language: {track.language}\n"]
        settings = " line:5%" if track.position == "top" else ""
        for cue in track.cues:
            start, end = base.milliseconds(cue.start), base.milliseconds(cue.end)
            text = "\n".join(cue.lines).translate(_ESCAPES)
            blocks.append(f"{base.clock(start)} --> {base.clock(end)}{settings}\n{text}\n")
        return "\n".join(blocks)

    def read(self, text: str) -> Track:
        import webvtt

        try:
            parsed = webvtt.from_string(text)
        except webvtt.errors.MalformedFileError as error:
            raise InputError("bad_subtitles", f"this is no WebVTT file: {str(error).rstrip('.').lower()}") from None
        cues = []
        for caption in parsed.captions:
            lines = tuple(html.unescape(_TAG.sub("", line)) for line in caption.raw_text.split("\n"))
            cues.append(Cue(start=_seconds(caption.start), end=_seconds(caption.end), lines=lines))
        header = text.partition("\n\n")[0]
        language, kind = _LANGUAGE.search(header), "descriptions" if _KIND.search(header) else "subtitles"
        top = bool(re.search(r"-->.* line:5%$", text, re.MULTILINE))
        return Track(
            cues=tuple(cues),
            language=language.group(1) if language else "und",
            kind=_kind(kind),
            position="top" if top else "bottom",
        )


def _kind(name: str) -> Literal["subtitles", "descriptions"]:
    return "descriptions" if name == "descriptions" else "subtitles"


def _seconds(stamp: str) -> float:
    hours, minutes, rest = ("0:" + stamp).split(":")[-3:]
    return int(hours) * 3600 + int(minutes) * 60 + round(float(rest) * 1000) / 1000
