"""Chapters out of files: ours, and lists of others (WebVTT, Podcasting 2.0, YouTube's text)."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import formats
from pipeline.errors import InputError
from pipeline.outline import Chapter
from pipeline.safe_open import MEGABYTE, read_text

LARGEST = 16 * MEGABYTE
MOST = 10_000
"""chapters of one film"""
LONGEST = 1e7
"""seconds"""
_LINE = re.compile(r"\s*[\[(]?(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,3}))?[\])]?\s*[-\u2013\u2014:|]?\s*(\S.*)", re.ASCII)


def read(path: Path, duration: float = 0.0) -> tuple[Chapter, ...]:
    """The chapters in a ``.vtt``, ``.json`` or ``.txt`` file; one without an end lasts to the next, or to ``duration``
    (0: not known, then the last has no end: it is infinite).

    They are in order and don't overlap; what begins after ``duration`` is left out.
    Raises InputError ``not_found``, ``unreadable``, ``bad_chapters``.
    """
    try:
        text = read_text(path, LARGEST)
    except FileNotFoundError:
        raise InputError("not_found", "there is no such file", path=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError("unreadable", f"{path.name} can't be read: {getattr(error, 'strerror', None) or error}") from None
    found = (
        _of_json(text) if path.suffix.lower() == ".json" else _of_vtt(text) if path.suffix.lower() == ".vtt" else _of_text(text)
    )
    known = [one for one in found if not duration or one[0] < duration]
    if not known:
        raise InputError(
            "bad_chapters", f"{path.name} holds no chapter: WebVTT, Podcasting 2.0 JSON or lines of '0:00 Title' are read"
        )
    if len(known) > MOST:
        raise InputError("bad_chapters", f"{path.name} holds {len(known)} chapters; {MOST} are the most")
    return _joined(sorted(known, key=lambda one: one[0]), duration)


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
        data: Any = json.loads(text)
        listed = data["chapters"]
        # startTime: Podcasting 2.0; start: movie.summary.json
        return [
            (
                _time(one.get("startTime", one.get("start"))),
                _time(one.get("endTime", one.get("end", 0))),
                str(one.get("title", "")),
            )
            for one in listed
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError("bad_chapters", "this JSON holds no list 'chapters' of {startTime, title}") from None


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
        raise ValueError("no time")
    return float(value)


def _of_vtt(text: str) -> list[tuple[float, float, str]]:
    return [(cue.start, cue.end, " ".join(cue.lines)) for cue in formats.read("vtt", text).cues]


def _of_text(text: str) -> list[tuple[float, float, str]]:
    found = []
    for line in text.splitlines():
        if match := _LINE.fullmatch(line[:2000].strip()):
            hours, minutes, seconds, fraction, title = match.groups()
            start = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
            found.append((start, 0.0, title))
    return found
