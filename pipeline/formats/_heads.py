"""The times above a cue, as other people's programs write them, and what the readers of SRT, WebVTT and ASS say of a file.

    00:00:01,000 --> 00:00:02,500        as SRT has it; ``.`` for ``,`` in WebVTT
    1:02 -> 1:05.5                       no milliseconds, no hours, another arrow: read, and counted as guessed
    00:00:01,000 - 00:00:02,500          no arrow, and nothing else on the line: the same
    00:00:xx,000 --> 00:00:02,000        times that are none: the cue can't be shown, and is counted as dropped

Everything here is linear in the length of the text: a head is looked for in the first ``LONGEST_HEAD`` characters of a line.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.errors import InputError
from pipeline.formats._lines import DIRECTIONS
from pipeline.types import Cue, Notice, Track

MOST_CUES = 200_000
"""of one file; a film of a day with a cue a second has 86,400"""
MOST_LINES = 3_000_000
LONGEST_HEAD = 200
"""characters in which the times stand; behind them stand WebVTT's settings, SRT's coordinates, or a text of any length"""
MOST_BODY = 2_000
"""lines below one head that are looked at, each up to LONGEST_LINE characters; a cue shows 2,000 characters at most"""
LONGEST_LINE = 20_000
RAISED = re.compile(r"\{[^{}\u2060]{0,40}\\(?:an[789]|a[567])(?!\d)")
"""the place that ASS and SRT let a text ask for, in the upper third"""
LOWERED = re.compile(r"\{[^{}\u2060]{0,40}\\(?:an[123]|a[123])(?!\d)")
"""in the lower third"""
GUESSED_LENGTH = 3.0
"""seconds a cue is given that has a beginning and no end"""

_ARROW = re.compile(r"(?:[-\u2013\u2014][ \t]?){1,3}>|[\u2192\u2013\u2014]>?")
_USUAL = re.compile(r"(\d{1,6}):(\d\d):(\d\d)[,.](\d{3}) --> (\d{1,6}):(\d\d):(\d\d)[,.](\d{3})", re.ASCII)
"""as nearly all heads are written: read at once"""
_SIGNS = (
    dict.fromkeys("\uff1a\ufe55\u2236\ua789", ":")
    | dict.fromkeys("\uff0c\u201a\u060c\u066b", ",")
    | dict.fromkeys("\uff0e\u3002\u00b7", ".")
    | dict.fromkeys("\uff1b\u061b", ";")
    | dict.fromkeys("\uff0d\ufe63\u2212", "-")
    | dict.fromkeys("\uff1e\ufe65", ">")
    | dict.fromkeys(DIRECTIONS, "")
)
"""what keyboards and programs of other scripts have for the signs between figures; marks of direction stand around them"""
_LOOSE = re.compile(r"[ \t]{0,4}([:;,.])[ \t]{0,4}(?=\d)")
_STAMP = r"\d{1,3}:\d{1,2}:\d{1,2}[,.:;]\d{1,3}"
_PAIR = re.compile(rf"\s*({_STAMP})(?: *[-,~|/] *| +(?:to +)?)({_STAMP})\s*", re.ASCII)
"""two whole times alone on a line, whatever stands between them"""
_DOTTED = re.compile(r"\d{1,3}\.\d\d\.\d\d[,.]\d{1,3}", re.ASCII)
_TIMED = re.compile(r"\d[:;]\d|\d\.\d\d\.\d\d[,.]\d")
_SEEMS = re.compile(r"\d\D{0,4}[:;]")

KINDS = {
    "header_missing": "the file has no {what}; it was read as if it had",
    "times_guessed": "the times of {n} are not written as the format has them, and were read as well as can be",
    "cue_dropped": "{n} can't be shown: {what}",
    "rate_guessed": "it counts in frames and does not tell how many a second: {what} were taken; {{1}}{{1}}25 as its first line tells 25",
    "text_damaged": "its XML is broken in {what}: what stands above that was read",
    "languages_left_out": "there is more than one language in it: {what} was read, which comes first",
    "drawing_left_out": "{n} of drawings (\\p), which are no text, {are} left out",
}


@dataclass(slots=True)
class Notes:
    """What a reader had to guess or to leave out, counted by kind, with the time of the first."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], float | None] = field(default_factory=dict)

    def add(self, code: str, what: str = "", at: float | None = None, n: int = 1) -> None:
        self.counts[code, what] += n
        self.first.setdefault((code, what), at)

    def notices(self) -> tuple[Notice, ...]:
        made = []
        for (code, what), n in self.counts.items():
            words = {"n": f"{n} cue{'s' * (n != 1)}", "are": "are" if n != 1 else "is", "what": what}
            made.append(Notice(code=code, message=KINDS[code].format(**words), start=self.first[code, what]))
        return tuple(made)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A track, and what had to be guessed or left out to read it."""

    track: Track
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The times above a cue. ``start`` None: they are none; ``end`` None: there is no second one."""

    start: float | None
    end: float | None
    settings: str = ""
    exact: bool = True
    beside: str = ""
    """what stands behind the times, as it is written; ``settings`` is the same in our figures and signs"""


def bounded(text: str, cues: int) -> None:
    """Raise InputError ``bad_subtitles`` where a file has more lines or cues (as counted by a mark of theirs) than any film."""
    if cues > MOST_CUES:
        raise InputError("bad_subtitles", f"this file has {cues:,} cues; at most {MOST_CUES:,} are read")
    if text.count("\n") + text.count("\r") > MOST_LINES:
        raise InputError("bad_subtitles", f"this file has more than {MOST_LINES:,} lines; subtitles have fewer")


def head(line: str, strict: re.Pattern[str], *, alone: bool, pairs: bool = False) -> Head | None:
    """The head in a line; None where it is text. ``alone``: nothing or a number stands above it, as above a head; ``pairs``: two times
    without an arrow are one too, where nothing else stands on the line."""
    line, more = line[:LONGEST_HEAD], line[LONGEST_HEAD:]
    if line.isascii():
        if ">" not in line:
            pair = _PAIR.fullmatch(line) if pairs and alone and not more and line.count(":") > 3 else None
            return None if pair is None else Head(clock(pair[1]), clock(pair[2]), exact=False)
        if (usual := _USUAL.fullmatch(line)) and strict.match(line):
            hours, minutes, seconds, thousandths, *end_at = map(int, usual.groups())
            return Head(_seconds(hours, minutes, seconds, thousandths), _seconds(*end_at))
    plain = line if line.isascii() else "".join(map(_plain, line))
    if not (arrow := _ARROW.search(plain)):
        return None
    left, right = plain[: arrow.start()], plain[arrow.end() :]
    if ">" not in arrow[0] and not (_TIMED.search(left) and _TIMED.search(right)):
        return None  # 1939–1945: a dash alone stands between years, pages and scores
    boxed = "-->" in line and left.lstrip()[:1] in ("[", "(") and (close := re.search(r"[\])]", right)) is not None
    if boxed and close:  # [00:01.000 --> 00:02.000]  Hello: what Whisper says on a terminal; (0:12–0:15) and [1 -> 2] are text
        left, right = left.lstrip()[1:], f"{right[: close.start()]} {right[close.end() :]}"
    words = _LOOSE.sub(r"\1", right).split(None, 1)
    settings = words[1] if len(words) > 1 else ""
    beside = _behind(line, right, len(words[0])) + more if words and (settings or more) else ""
    start, end = clock(_LOOSE.sub(r"\1", left)), clock(words[0]) if words else None
    if strict.match(line) and start is not None and end is not None:
        return Head(start, end, settings, beside=beside)
    if boxed and close and start is not None and end is not None:
        return Head(start, end, settings, exact=False, beside=beside)
    if not alone:
        return None
    if start is not None and (end is not None or not right.strip()):
        return Head(start, end, settings, exact=False, beside=beside)
    if _SEEMS.search(left) and _SEEMS.search(right) and sum(map(str.isalpha, left + (words[0] if words else ""))) <= 8:
        return Head(None, None, exact=False)
    return None


def _seconds(hours: int, minutes: int, seconds: int, thousandths: int) -> float:
    return (hours * 60 + minutes) * 60 + seconds + thousandths / 1000


def _plain(sign: str) -> str:
    """A figure of any script as ours, and what stands between figures."""
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else _SIGNS.get(sign, sign)


def _behind(line: str, right: str, stamp: int) -> str:
    """What a line has behind its second time, of so many characters, as it is written: ``right`` has our figures and no marks of direction."""
    seen = [at for at, sign in enumerate(right) if not sign.isspace()]
    left = len(right) - seen[stamp] if stamp < len(seen) else 0
    at = len(line)
    while left and at:
        at -= 1
        left -= line[at] not in DIRECTIONS
    return line[at:]


def clock(stamp: str) -> float | None:
    """Seconds of ``1:02:03,500``, ``02:03.5``, ``3,5``, ``1.02.03,500``, ``-0:00:01,000``; None where it is no time.

    Behind a fourth colon stand milliseconds where they are three digits, else hundredths.
    """
    stamp = stamp.strip()
    sign = -1.0 if stamp.startswith("-") else 1.0
    stamp = stamp.lstrip("+-")
    if _DOTTED.fullmatch(stamp):
        stamp = stamp.replace(".", ":", 2)
    parts = re.split(r"[:;]", stamp)
    fraction = ""
    last = re.fullmatch(r"(\d{1,6})[,.](\d{1,9})", parts[-1])
    if last:
        parts[-1], fraction = last.groups()
    elif len(parts) == 4:
        fraction = parts.pop()
    if (
        len(parts) > 3
        or not all(re.fullmatch(r"[0-9]{1,6}", part) for part in parts)
        or not re.fullmatch(r"[0-9]{0,9}", fraction)
    ):
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return sign * (seconds + (int(fraction) / 10 ** len(fraction) if fraction else 0.0))


def at_its_place(cues: Sequence[Cue]) -> tuple[tuple[Cue, ...], Literal["top", "bottom"]]:
    """The cues of a file in which some ask for the top, and where the track stands: on top where most of them do."""
    if sum(cue.top is True for cue in cues) * 2 <= len(cues):
        return tuple(cues), "bottom"
    return tuple(cue if cue.top is not None else replace(cue, top=False) for cue in cues), "top"


def cue_of(heads: Sequence[Head], n: int, lines: Sequence[str], notes: Notes) -> Cue | None:
    """The cue of head ``n`` and its lines; None where nothing of it can be shown, which the notes then say."""
    found = heads[n]
    start, end, shown = found.start, found.end, any(line.strip() for line in lines)
    if start is None:
        if shown:
            notes.add("cue_dropped", "their times can't be read")
        return None
    if end is None:
        after = heads[n + 1].start if n + 1 < len(heads) else None
        end = min(start + GUESSED_LENGTH, after) if after is not None and after > start else start + GUESSED_LENGTH
    if end <= max(start, 0.0):
        if shown:
            notes.add(
                "cue_dropped", "they end before they begin, or at once" if end > 0 else "they end before the film begins", start
            )
        return None
    if not found.exact or start < 0:
        notes.add("times_guessed", at=max(start, 0.0))
    return Cue(start=max(start, 0.0), end=end, lines=tuple(lines))
