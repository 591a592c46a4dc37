"""TTML of others (DFXP, SMPTE-TT, EBU-TT-D, IMSC, Netflix's): paragraphs with times, by a parser that reads no entity and no file.

<tt ttp:frameRate="25"><body begin="10s"><div><p begin="00:00:01:12" dur="2s">A man<br/>in a red coat</p></div></body></tt>

Times count from the element around theirs, or, where that says ``timeContainer="seq"``, from the end of the one before (TTML2 12.2.4). A document
type, which could define entities, is refused.
"""

import math
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from pipeline.errors import InputError
from pipeline.formats._heads import LONGEST_LINE, MOST_BODY, MOST_CUES, Notes, Parsed, at_its_place, bounded
from pipeline.formats._others.ttml_regions import PLACE, at_top
from pipeline.formats._others.ttml_text import ANNOTATIONS, well_formed
from pipeline.formats._others.ttml_times import Rates, of_programme, rates
from pipeline.types import Cue, Track

DEEPEST = 64
"""elements inside each other"""
_DECLARED = re.compile(r"<\?xml[^>]{0,200}\?>")
_BLANK = re.compile(r"[ \t\r\n]+")
_TIMED = frozenset({"body", "div", "p", "span", "br"})
_BESIDE = frozenset({"metadata", "head", "styling", "layout", "desc", "agent", "name", "actor", "copyright"})
"""what is not shown; the last ones tell about what they lie in"""


@dataclass(slots=True)
class _Element:
    name: str
    begin: float
    end: float
    timed: bool
    """whether it or one around it, up to the body, tells times"""
    preserve: bool
    language: str
    """of the body or the division that it lies in"""
    one_by_one: bool = False
    """whether what lies in it is shown one after another (timeContainer="seq"), each from the end of the one before"""
    free: float = 0.0
    """one by one: when the last of them so far is over"""
    until: float = -math.inf
    """when the last of what lies in it is over"""
    ends: bool = False
    """whether it tells its end or its length itself"""
    parts: dict[tuple[float, float, bool], list[str]] = field(default_factory=dict)
    """of a paragraph: its texts by (begin, end, timed)"""
    line: int = 0
    """of a paragraph: which one it is at"""
    lines: dict[tuple[float, float, bool], int] = field(default_factory=dict)
    """and at which one the last text of each part stands"""
    beside: bool = False
    """whether it is not shown"""


class _Reader:
    """Told of a file's elements by expat."""

    def __init__(self) -> None:
        self.rates, self.notes, self.cues = Rates(), Notes(), list[Cue]()
        self.languages: list[str] = []
        """of each cue"""
        self.language = "und"
        self.head = {"title": "", "documentStartOfProgramme": ""}
        self.seen = False
        self._open: list[_Element] = []
        self._paragraph: _Element | None = None
        self._beside = 0
        self._regions: dict[str, dict[str, str]] = {}
        self._region, self._extent = "", ""
        self._on_top = False
        self._told = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        name, about = _local(tag), {_local(key): value for key, value in given.items()}
        if len(self._open) >= DEEPEST:
            raise InputError("bad_subtitles", f"its elements lie more than {DEEPEST} inside each other")
        around = self._open[-1] if self._open else _Element("", 0.0, math.inf, False, False, "und")
        preserve = about.get("space", "preserve" if around.preserve else "default") == "preserve"
        language = about.get("lang") or around.language if name in ("tt", "body", "div") else around.language
        made = _Element(name, around.begin, around.end, around.timed, preserve, language)
        self._open.append(made)
        if name == "tt" and len(self._open) == 1:
            self._root(about)
        elif name == "region":
            self._region = about.get("id", "")
            self._regions[self._region] = {key: about[key] for key in PLACE & about.keys()}
        elif name == "style" and self._region in self._regions:
            self._regions[self._region].update({key: about[key] for key in PLACE & about.keys()})
        self._told = name if name in self.head else ""
        made.beside = name in _BESIDE or about.get("ruby") in ANNOTATIONS
        self._beside += made.beside
        if self.seen and name in _TIMED and not self._beside:
            self._time(made, about, around)
            if name == "p":
                self._paragraph = made
                self._on_top = at_top(self._regions.get(about.get("region", self._region), {}), self._extent)
            elif name == "body" or name == "div":
                self._region = about.get("region", self._region)
            elif name == "br" and self._paragraph is not None:
                self._paragraph.line += 1  # of all its parts: a break may stand between two spans with times

    def end(self, tag: str) -> None:
        """An element ends."""
        done = self._open.pop()
        if done.name in _TIMED and self._open:
            over = done.end if done.ends or done.until == -math.inf else min(done.until, done.end)
            around = self._open[-1]
            if (done.timed or done.until > -math.inf) and not math.isinf(over):
                around.until = max(around.until, over)
                around.free = max(around.free, over)
        self._beside -= done.beside
        self._told = ""
        if done.name == "region":
            self._region = ""
        if done is self._paragraph:
            self._paragraph = None
            for (begin, end, timed), texts in done.parts.items():
                self._cue(begin, end, timed, "".join(texts), done.language)

    def text(self, data: str) -> None:
        """Characters between elements."""
        if self._told and len(self.head[self._told]) < 400:
            self.head[self._told] += data
        elif self._paragraph is not None and not self._beside:
            here = self._open[-1]
            self._say(data if here.preserve else _BLANK.sub(" ", data))  # a line is ended by <br/> alone

    def _root(self, about: dict[str, str]) -> None:
        self.seen = True
        self.language, self._extent = about.get("lang", "") or "und", about.get("extent", "")
        self.rates = rates(about)

    def _time(self, made: _Element, about: dict[str, str], parent: _Element) -> None:
        around = parent.free if parent.one_by_one else made.begin, made.end
        told = {key: about[key] for key in ("begin", "end", "dur") if key in about}
        read = {key: self.rates.seconds(value) for key, value in told.items()}
        if any(value is None for value in read.values()):
            read = {key: self.rates.loosely(told[key]) if value is None else value for key, value in read.items()}
            if made.name in ("p", "span") and read.get("begin", 0.0) is None:
                read["begin"] = math.inf  # nobody knows when
            else:
                self.notes.add("times_guessed")
        begin, end, length = (read.get(key) for key in ("begin", "end", "dur"))
        made.timed = made.timed or begin is not None or end is not None or length is not None
        made.begin = around[0] + (begin or 0.0)
        ends = [around[1]]
        ends += [around[0] + end] if end is not None else []
        ends += [made.begin + length] if length is not None else []
        made.end = min(ends)
        made.ends = end is not None or length is not None
        made.one_by_one, made.free = about.get("timeContainer", "par") == "seq", made.begin

    def _say(self, data: str) -> None:
        if self._paragraph is not None:
            here = next((one for one in reversed(self._open) if one.name in ("p", "span")), self._paragraph)
            key = here.begin, here.end, here.timed
            texts = self._paragraph.parts.setdefault(key, [])
            if len(texts) < MOST_BODY:
                if self._paragraph.lines.setdefault(key, self._paragraph.line) != self._paragraph.line:
                    self._paragraph.lines[key] = self._paragraph.line
                    texts.append("\n")
                texts.append(data[:LONGEST_LINE])

    def _cue(self, begin: float, end: float, timed: bool, text: str, language: str) -> None:
        lines = [line.strip() for line in text.split("\n")]
        if not any(lines):
            return
        if math.isinf(begin):
            self.notes.add("cue_dropped", "their times can't be read")
        elif not timed or math.isinf(end):
            self.notes.add("cue_dropped", "they have no times" if not timed else "nothing says when they end")
        elif end <= begin:
            self.notes.add("cue_dropped", "they end before they begin, or at once", begin)
        elif len(self.cues) >= MOST_CUES:
            raise InputError("bad_subtitles", f"this file has more than {MOST_CUES:,} cues; no film has")
        else:
            shown = tuple(line for line in lines if line)
            self.cues.append(Cue(start=begin, end=end, lines=shown, top=self._on_top or None))
            self.languages.append(language)

    def one_language(self) -> None:
        """Of divisions in several languages, side by side in time, the first one's cues are kept; such as follow on each other are one text."""
        spans = dict[str, list[float]]()
        for cue, language in zip(self.cues, self.languages, strict=True):
            span = spans.setdefault(language.partition("-")[0].lower(), [cue.start, cue.end])
            span[:] = min(span[0], cue.start), max(span[1], cue.end)
        if not spans:
            return
        first, *others = spans
        begin, end = spans[first]
        beside = {other for other in others if spans[other][0] < end and begin < spans[other][1]}
        if beside:
            self.notes.add("languages_left_out", first)
            at = [place for place, one in enumerate(self.languages) if one.partition("-")[0].lower() not in beside]
            self.cues, self.languages = [self.cues[place] for place in at], [self.languages[place] for place in at]
        self.language = self.languages[0]


def parse(text: str) -> Parsed:
    """Raises InputError ``bad_subtitles`` where it is no TTML, has a document type, or more cues than any film has."""
    bounded(text, text.count("<p ") + text.count(":p "))
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.start, reader.end, reader.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        text = text.lstrip()
        declared = _DECLARED.match(text)  # the encoding that it names is no longer that of the text
        parser.Parse(well_formed(text[declared.end() if declared else 0 :]).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        if not reader.cues:
            raise InputError("bad_subtitles", "this is no TTML: it is no XML, or broken from its beginning") from error
        reader.notes.add("text_damaged", f"line {error.lineno}")
    if not reader.seen:
        raise InputError("bad_subtitles", "this is no TTML: its first element is not <tt>")
    reader.one_language()
    start = reader.rates.seconds(reader.head["documentStartOfProgramme"]) or 0.0
    cues, position = at_its_place(of_programme(reader.cues, start, reader.notes))
    track = Track(
        cues=cues,
        language=reader.language,
        title=reader.head["title"].strip(),
        kind="subtitles",
        position=position,
    )
    return Parsed(track, reader.notes.notices())


def _local(name: str) -> str:
    """A name without its prefix: files of others bind their own to the same things."""
    return name.rpartition(":")[2]


def _refuse(*_about: object) -> None:
    raise InputError("bad_subtitles", "it has a document type (<!DOCTYPE>), which subtitles have no use for; remove that line")
