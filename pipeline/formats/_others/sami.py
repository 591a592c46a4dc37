"""SAMI (.smi), Microsoft's captions, as Korea's films have them: HTML in which times stand, and several languages side by side.

<SYNC Start=1000><P Class=KRCC>A man<br>in a red coat         milliseconds; it stands until the next of its class
<SYNC Start=3000><P Class=KRCC>&nbsp;                          nothing from here on

The language that comes first is read; of others it is said that they are there. Tags are taken out as they come: few files close them.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass, field

from pipeline.errors import InputError
from pipeline.formats._heads import LONGEST_LINE, Head, Notes, Parsed, bounded, cue_of
from pipeline.types import Track

_SYNC = re.compile(r"<sync\b", re.IGNORECASE)
_COMMENT_ENDS = re.compile(r"-->|(?=</style)", re.IGNORECASE)
"""a style sheet lies in a comment, which some files do not end"""
_TAG = re.compile(r"<(?:!--|/?[a-z][^<>]{0,400})>?", re.IGNORECASE)
_NUMBER = re.compile(r"\b(start|end)\s{0,4}=\s{0,4}[\"']?\s{0,4}(-?\d{1,10})", re.IGNORECASE | re.ASCII)
_CLASS = re.compile(r"\bclass\s{0,4}=\s{0,4}[\"']?\s{0,4}([\w-]{1,40})", re.IGNORECASE)
_STYLE = re.compile(r"\.([\w-]{1,40})\s{0,20}\{([^{}]{0,400})\}")
_LANGUAGE = re.compile(r"\blang\s{0,4}:\s{0,4}([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3})")


@dataclass(slots=True)
class _Moment:
    start: float
    end: float | None
    text: list[str] = field(default_factory=list)


def parse(text: str) -> Parsed:
    """Raises InputError ``bad_subtitles`` where there is no SYNC with a time, or there are more than any film has."""
    bounded(text, sum(1 for _ in _SYNC.finditer(text)))
    head = _SYNC.split(text, maxsplit=1)[0]
    _, *pieces = _SYNC.split(_without_comments(text))
    notes, found, untimed = Notes(), dict[str, list[_Moment]](), 0
    standing = dict[str, None]()  # classes whose words nothing has ended yet
    for piece in pieces:
        tag, _, body = piece.partition(">")
        numbers = {name.lower(): int(value) / 1000 for name, value in _NUMBER.findall(tag[:400])}
        if "start" not in numbers:
            untimed += 1
            continue
        paragraphs = _paragraphs(body[:LONGEST_LINE])
        if not any(name or words.strip() for name, words in paragraphs):
            paragraphs = [(name, "") for name in standing]  # without a paragraph: all that stands ends here
        for name, words in paragraphs:
            moments = found.setdefault(name, [])
            if not moments or moments[-1].start != numbers["start"]:
                moments.append(_Moment(numbers["start"], numbers.get("end")))
                standing.pop(name, None)
            moments[-1].text.append(words)
            if words.strip():
                standing[name] = None
    if not found:
        raise InputError("bad_subtitles", "nothing in this file has a time, as in SAMI (<SYNC Start=1000><P>words)")
    if untimed:
        notes.add("cue_dropped", "their times can't be read", n=untimed)
    shown = Counter({name: sum(any(words.strip() for words in moment.text) for moment in found[name]) for name in found})
    first = next((name for name in found if shown[name]), next(iter(found)))
    if any(count and name != first for name, count in shown.items()):
        notes.add("languages_left_out", _called(first))
    moments = sorted(found[first], key=lambda moment: moment.start)
    heads = [
        Head(one.start, one.end if one.end is not None else after.start if after else None, exact=bool(after or one.end))
        for one, after in zip(moments, [*moments[1:], None], strict=True)
    ]
    bodies = ([line.strip() for line in "\n".join(one.text).split("\n")] for one in moments)
    cues = (cue_of(heads, n, body, notes) for n, body in enumerate(bodies) if any(body))
    languages = {name.lower(): told[1] for name, style in _STYLE.findall(head) if (told := _LANGUAGE.search(style))}
    track = Track(cues=tuple(cue for cue in cues if cue), language=languages.get(first, "und"), kind="subtitles")
    return Parsed(track, notes.notices())


def _without_comments(text: str) -> str:
    """The text without what HTML shows nobody, a SYNC that somebody took out among it; one that nothing ends is none."""
    parts, at = list[str](), 0
    while (start := text.find("<!--", at)) >= 0 and (end := _COMMENT_ENDS.search(text, start + 4)):
        parts.append(text[at:start])
        at = end.end()
    return "".join((*parts, text[at:]))


def _called(name: str) -> str:
    return f"class {name.upper()}" if name else "no class"


def _paragraphs(body: str) -> list[tuple[str, str]]:
    """(class, text) of each paragraph behind a SYNC; line breaks in the source are spaces, as in HTML."""
    paragraphs: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    for tag in _TAG.finditer(body):
        paragraphs[-1][1].append(_spaces(body[at : tag.start()]))
        at, word = tag.end(), tag[0][1:].strip("/> \t").split(None, 1)
        name = word[0].lower() if word else ""
        if name == "p" and not tag[0].startswith("</"):
            named = _CLASS.search(tag[0])
            paragraphs.append((named[1].lower() if named else "", []))
        elif name == "br":
            paragraphs[-1][1].append("\n")
    paragraphs[-1][1].append(_spaces(body[at:]))
    texts = [(name, html.unescape("".join(words)).replace("\xa0", " ")) for name, words in paragraphs]
    return texts[1:] if len(texts) > 1 and not texts[0][1].strip() else texts


def _spaces(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text)
