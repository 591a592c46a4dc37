"""Chapters out of files: ours, and lists of others (WebVTT, SRT, Podcasting 2.0, ffmpeg's metadata, YouTube's text)."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import formats
from pipeline.encoding import check_encoding, decoded
from pipeline.encoding_notices import about
from pipeline.errors import InputError
from pipeline.formats._lines import lines_of
from pipeline.not_text import what_instead
from pipeline.outline import Chapter
from pipeline.safe_open import MEGABYTE, read_bytes
from pipeline.sanitize import whole
from pipeline.types import Notice

LARGEST = 16 * MEGABYTE
MOST = 10_000
"""chapters of one film"""
LONGEST = 1e7
"""seconds"""
_FFMETA = ";FFMETADATA"
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PAIR = re.compile(r"((?:[^=\\]|\\.)*)=(.*)", re.DOTALL)
_LINES = re.compile(r"(?:[^\\\n]|\\.)+", re.DOTALL)
_CLOCK = r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,3}))?[\])]?\s*"
_LINE = re.compile(rf"\s*[\[(]?{_CLOCK}(?:([-\u2013\u2014])|[:|])?\s*(\S.*)", re.ASCII)
_END = re.compile(rf"{_CLOCK}[-\u2013\u2014:|]?\s*(\S.*)", re.ASCII)
"""what may stand behind a dash: when it is over, and then the title"""
_CUE = re.compile(r"\d:\d\d(?:[.,]\d{1,3})?[ \t]{0,4}-->[ \t]{0,4}\d{1,3}:\d\d", re.ASCII)
"""times of SRT and WebVTT"""


def read(path: Path, duration: float = 0.0) -> tuple[Chapter, ...]:
    """As ``load``, without what had to be guessed."""
    return load(path, duration)[0]


def load(path: Path, duration: float = 0.0, encoding: str | None = None) -> tuple[tuple[Chapter, ...], tuple[Notice, ...]]:
    """The chapters in a ``.vtt``, ``.srt``, ``.json``, ``.ffmeta`` or ``.txt`` file; one without an end lasts to the next, or to ``duration``
    (0: not known, then the last has no end: it is infinite).

    They are in order and don't overlap; what begins after ``duration`` is left out. The text is of any encoding, as that of subtitles is;
    ``encoding`` overrules what its bytes say. What had to be guessed is in the notices: ``encoding_guessed``, ``text_damaged``, and of
    WebVTT and SRT what ``formats.parse`` says.

    Raises InputError ``not_found``, ``unreadable``, ``bad_chapters``; UsageError ``bad_value`` of an encoding.
    """
    chosen = check_encoding(encoding) if encoding else None
    try:
        data = read_bytes(path, LARGEST)
    except FileNotFoundError:
        raise InputError("not_found", "there is no such file", path=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError("unreadable", f"{path.name} can't be read: {getattr(error, 'strerror', None) or error}") from None
    if what := what_instead(data):
        raise InputError("bad_chapters", f"this is {what}", path=str(path))
    written = decoded(data, chosen)
    text = written.text.removeprefix("\ufeff")
    notices = about(written)
    if path.suffix.lower() == ".json":
        found = _of_json(text)
    elif text.startswith(_FFMETA):
        found = _of_ffmeta(text)
    elif (vtt := path.suffix.lower() == ".vtt" or text.lstrip().startswith("WEBVTT")) or _CUE.search(text):
        found, more = _of_cues("vtt" if vtt else "srt", text)
        notices = (*notices, *more)
    else:
        found = _of_text(text)
    known = [one for one in found if not duration or one[0] < duration]
    if not known:
        raise InputError(
            "bad_chapters",
            f"{path.name} holds no chapter: WebVTT, SRT, Podcasting 2.0 JSON, ffmpeg's metadata or lines of '0:00 Title' are read",
        )
    if len(known) > MOST:
        raise InputError("bad_chapters", f"{path.name} holds {len(known)} chapters; {MOST} are the most")
    return _joined(sorted(known, key=lambda one: one[0]), duration), notices


def _joined(found: Sequence[tuple[float, float, str]], duration: float) -> tuple[Chapter, ...]:
    chapters = []
    for number, (start, end, title) in enumerate(found):
        following = found[number + 1][0] if number + 1 < len(found) else (duration or math.inf)
        last = min(end, following) if end > start else following
        if last > start:
            chapters.append(Chapter(start=start, end=last, title=title))
    return tuple(chapters)


def _of_json(text: str) -> list[tuple[float, float, str]]:
    if text.count("{") + text.count("[") > 10 * MOST:
        raise InputError("bad_chapters", f"this JSON has more parts than {MOST} chapters have")
    try:
        data: Any = json.loads(text, object_hook=whole)
        listed = data["chapters"]
        # startTime: Podcasting 2.0; start: movie.summary.json
        return [
            (_time(_told(one, "startTime", "start")), _time(_told(one, "endTime", "end") or 0), str(_told(one, "title") or ""))
            for one in listed
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError("bad_chapters", "this JSON holds no list 'chapters' of {startTime, title}") from None


def _told(one: Any, *names: str) -> Any:
    """The first of these values that is there; null is none."""
    return next((value for name in names if (value := one.get(name)) is not None), None)


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
        raise ValueError("no time")
    return float(value)


def _of_cues(form: str, text: str) -> tuple[list[tuple[float, float, str]], tuple[Notice, ...]]:
    """Of WebVTT or SRT. Raises InputError ``bad_chapters``."""
    try:
        parsed = formats.parse(form, text)
    except InputError as error:
        raise InputError("bad_chapters", error.message) from None
    return [(cue.start, cue.end, " ".join(cue.lines)) for cue in parsed.track.cues], parsed.notices


def _of_ffmeta(text: str) -> list[tuple[float, float, str]]:
    """``[CHAPTER]`` and its ``TIMEBASE``, ``START``, ``END`` and ``title``. Raises InputError ``bad_chapters``."""
    sections: list[tuple[str, dict[str, str]]] = [("", {})]
    for line in _LINES.findall(text.replace("\r\n", "\n")):
        if line[0] in ";#":
            continue
        if line[0] == "[":
            sections.append((line.strip(), {}))
        elif pair := _PAIR.fullmatch(line):
            name, value = (_ESCAPED.sub(r"\1", part) for part in pair.groups())
            sections[-1][1][name.strip().lower()] = value
    try:
        return [_of_section(values) for name, values in sections if name.upper() == "[CHAPTER]"]
    except (ValueError, ArithmeticError):
        raise InputError("bad_chapters", "a [CHAPTER] of this file has no START, or a time that can't be read") from None


def _of_section(values: dict[str, str]) -> tuple[float, float, str]:
    # ffmpeg's own unit where none is named
    numerator, denominator = map(int, values.get("timebase", "1/1000000000").split("/"))
    start, end = (
        _time(float(int(values.get(name, missing)) * numerator / denominator)) for name, missing in (("start", ""), ("end", "0"))
    )
    return start, end, " ".join(values.get("title", "").split())


def _of_text(text: str) -> list[tuple[float, float, str]]:
    found = []
    for line in lines_of(text):
        if match := _LINE.fullmatch(line[:2000].strip()):
            *stamp, dash, title = match.groups()
            start, end = _seconds(*stamp), 0.0
            if dash and (over := _END.fullmatch(title)) and _seconds(*over.groups()[:4]) > start:
                end, title = _seconds(*over.groups()[:4]), over[5]
            found.append((start, end, title))
    return found


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
