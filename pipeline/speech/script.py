"""What is said when: descriptions fitted into the pauses of speech, by how long a voice takes for them. Pure but for the voice.

all of it in a pause -> all of it, a little faster -> without its last sentences -> left out, and told
extended: all of it, always; where no pause is long enough the film waits (the picture stands) until it is said
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipeline.cues.grammar import ends_sentence
from pipeline.cues.pauses import Place, Wish, pauses, settle
from pipeline.sanitize import clean
from pipeline.speech.voice import Utterance
from pipeline.types import Caption, Notice, Span

FASTER = 1.25
"""how much faster than it likes a voice may speak to fit into a pause"""
AROUND = 0.15
"""seconds of quiet between a description and what is said before or after it"""
WORTH = 0.5
"""seconds of a pause that are worth speaking in before the film is stopped"""

_FULL_STOP = re.compile(r"(?<=[。！？])(?=[^\s」』）])")

Say = Callable[[str, float], Utterance]
"""``say(text, faster)``"""


@dataclass(frozen=True, slots=True)
class Said:
    """A description that is spoken."""

    at: float
    """seconds of the film"""
    text: str
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Hold:
    """The film waits: its picture stands and its sound is silent."""

    at: float
    """seconds of the film"""
    seconds: float


@dataclass(frozen=True, slots=True)
class Script:
    """All that is said of a film."""

    said: tuple[Said, ...]
    holds: tuple[Hold, ...]
    notices: tuple[Notice, ...]

    def later(self, at: float) -> float:
        """When a moment of the film comes once it waits: seconds of what is written."""
        return at + sum(hold.seconds for hold in self.holds if hold.at < at)


@dataclass(frozen=True, slots=True)
class _Line:
    caption: Caption
    sentences: tuple[str, ...]
    kept: int
    spoken: Utterance

    @property
    def text(self) -> str:
        return " ".join(self.sentences[: self.kept])

    def wish(self) -> Wish:
        need = self.spoken.seconds + 2 * AROUND
        least = self.spoken.seconds / FASTER + 2 * AROUND
        return Wish(self.caption.start, self.caption.end, need, least)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order; words are those between its spaces, and after the full stops of scripts without any."""
    words = _FULL_STOP.sub(" ", text).split()
    found: list[list[str]] = [[]]
    for n, word in enumerate(words):
        found[-1].append(word)
        if n + 1 < len(words) and ends_sentence(word, words[n + 1]):
            found.append([])
    return tuple(" ".join(part) for part in found if part)


def write_script(
    captions: Sequence[Caption],
    speech: Sequence[Span],
    film_end: float,
    say: Say,
    *,
    place: Place = "gaps",
    extended: bool = False,
    part: Span | None = None,
) -> Script:
    """When each of the captions is said. ``film_end``: seconds; ``part``: the stretch of the film that they describe, where it is not all.
    A notice ``no_pause``, ``text_dropped`` or ``not_spoken`` for what is not said."""
    lines: list[_Line] = []
    for caption in sorted(captions, key=lambda caption: caption.start):
        parts = sentences(clean(caption.text).replace("\n", " "))
        if (
            parts
            and caption.start < film_end
            and (not lines or lines[-1].sentences != parts or lines[-1].caption.end < caption.start)
        ):
            lines.append(_Line(caption, parts, len(parts), say(" ".join(parts), 1.0)))
        elif parts and lines and caption.start < film_end:  # the same, still to be seen: said once, as long as it is seen
            lines[-1] = replace(lines[-1], caption=replace(lines[-1].caption, end=caption.end))
    silent = tuple(_silent(line) for line in lines if not (line.spoken.samples and line.spoken.heard))
    lines = [line for line in lines if line.spoken.samples and line.spoken.heard]
    free = pauses(speech, film_end) if part is None else _of_part(pauses(speech, film_end), part)
    made = _placed(lines, free, say, place=place, extended=extended)
    return replace(made, notices=(*silent, *made.notices))


def _of_part(free: Sequence[Span], part: Span) -> list[Span]:
    """The pauses of a part that was described, and what goes on past its end of the one in which it ends.

    Before it begins nothing is said of it: who listens to the part would miss that, and what is heard there has nobody described.
    """
    begin, end = part
    return [(max(start, begin), stop) for start, stop in free if stop > begin and start <= end]


def _silent(line: _Line) -> Notice:
    sentence = "the voice makes no sound of its text (signs alone, or another script than the voice's); --voice names another"
    return Notice(code="not_spoken", message=sentence, start=line.caption.start, end=line.caption.end)


def _placed(lines: list[_Line], free: Sequence[Span], say: Say, *, place: Place, extended: bool) -> Script:
    if place == "window" and not extended:
        return _over_speech(lines)
    if extended:
        return _extended(lines, free, say)
    while True:
        wishes = [line.wish() for line in lines]
        places = settle(wishes, free, place)
        shorter = [n for n, (line, found) in enumerate(zip(lines, places, strict=True)) if found is None and line.kept > 1]
        if not shorter:
            break
        for n in shorter:
            line = replace(lines[n], kept=lines[n].kept - 1)
            lines[n] = replace(line, spoken=say(line.text, 1.0))
    said = tuple(_in(line, found, say) for line, found in zip(lines, places, strict=True) if found is not None)
    return Script(said, (), tuple(_missing(lines, places)))


def _in(line: _Line, place: Span, say: Say) -> Said:
    """Said in a pause; faster where that is shorter than it likes."""
    room = place[1] - place[0] - 2 * AROUND
    if room >= line.spoken.seconds - 0.001 or room <= 0:
        return Said(place[0] + AROUND, line.text, line.spoken)
    return Said(place[0] + AROUND, line.text, say(line.text, min(FASTER, line.spoken.seconds / room * 1.01)))


def _missing(lines: Sequence[_Line], places: Sequence[Span | None]) -> list[Notice]:
    notices = []
    for line, found in zip(lines, places, strict=True):
        left = len(line.sentences) - line.kept
        about = {"start": line.caption.start, "end": line.caption.end}
        if found is None:
            sentence = "no pause near it is long enough to say it; --extended lets the film wait"
            notices.append(Notice(code="no_pause", message=sentence, **about))
        elif left:
            sentence = (
                f"its last {left} sentence{'s are' if left > 1 else ' is'} not said: the pause is too short; --extended waits"
            )
            notices.append(Notice(code="text_dropped", message=sentence, **about))
    return notices


def _over_speech(lines: Sequence[_Line]) -> Script:
    """Each where its window begins, whatever is said in the film; one after another."""
    said: list[Said] = []
    free = 0.0
    for line in lines:
        at = max(line.caption.start, free)
        said.append(Said(at, line.text, line.spoken))
        free = at + line.spoken.seconds + AROUND
    return Script(tuple(said), (), ())


def _extended(lines: Sequence[_Line], free: Sequence[Span], say: Say) -> Script:
    """All of each: in a pause where one is long enough, else the film waits at a pause's end, or where its window begins."""
    said: list[Said] = []
    holds: list[Hold] = []
    taken = 0.0
    for line in lines:
        wish = line.wish()
        # a pause that an earlier description has taken is no pause
        open_ = [(max(start, taken), end) for start, end in free if end > taken]
        (found,) = settle([wish], open_, "gaps")
        if found is not None:
            said.append(_in(line, found, say))
            taken = said[-1].at + said[-1].utterance.seconds + AROUND
            continue
        near = [(max(a, line.caption.start), min(b, line.caption.end)) for a, b in open_]
        best = max((part for part in near if part[1] - part[0] >= WORTH), key=lambda part: part[1] - part[0], default=None)
        at = max(line.caption.start, taken)
        begin, stop = (best[0] + AROUND, best[1]) if best is not None else (at, at)
        wait = line.spoken.seconds + AROUND - (stop - begin)
        said.append(Said(begin, line.text, line.spoken))
        holds.append(Hold(stop, round(max(wait, AROUND) + (AROUND if best is None else 0.0), 3)))
        taken = stop + 0.001
    return Script(tuple(said), tuple(holds), ())
