"""Words around a question: what stands between the pictures and it, the same for every question about them, and the yes-or-no
question that each passage is asked where a time is the answer. Pure."""

import re
from collections.abc import Sequence

from pipeline.asking.types import Passage, Shown
from pipeline.clock import moment
from pipeline.languages import english_name

RULES = """Answer questions about it{language}, plainly and briefly, from what is there alone; where it is not there, say so. \
Where you speak of a moment, name its part by its number in brackets, such as [2] or [3-4]. Never write a time of your own: parts are enough."""
YES, NO = "Yes", "No"
YES_OR_NO = """These pictures are one moment of a longer film. Somebody asks: "{question}" Answer Yes if what they ask for is seen in these \
pictures, otherwise No."""
EMPTY = "the model answered nothing: one that thinks aloud may want more --max-tokens"
_WHEN = re.compile(
    r"^\s*(?:(?:and|so|but|tell me|say|do you know)\s+)*(?:when\b|at (?:what|which) (?:time|moment|point)\b|in which (?:part|scene)s?\b"
    r"|wann\b|um wie ?viel uhr\b|quand\b|à quel moment\b|cu[aá]ndo\b|quando\b|wanneer\b|när\b|når\b|kiedy\b"
    r"|когда\b|коли\b|ne zaman\b|いつ|什么时候|什麼時候|何时|언제)",
    re.IGNORECASE,
)
_THERE = re.compile(r"^\s*when\s+(is|are|was|were)\s+there\s+(.+?)\s*\??\s*$", re.IGNORECASE)
_STOP = frozenset(
    "a an the is are was were be been do does did can could will would has have had i you he she it we they this that these those there"
    " what which who whom whose when where why how many much in on at of to from for with by and or but not no any some tell me about"
    " say show see seen does happen happens happening film video movie scene moment part time first last please his her its their".split()
)  # fmt: skip


def asks_when(question: str) -> bool:
    """Whether a time is the answer."""
    return _WHEN.match(question) is not None


def yes_or_no(question: str, *, bare: bool) -> str | None:
    """What each passage is asked; ``bare``: in the words of a model that knows no others, None where it has none for it."""
    if not bare:
        return YES_OR_NO.format(question=" ".join(question.split()))
    there = _THERE.match(question)
    return f"Is there {there[2]}?" if there is not None and there[1].lower() in ("is", "was") else None


def looked_for(question: str) -> str:
    """The words of a question that captions may hold; all of it where nothing else is left."""
    words = [word for word in re.findall(r"[\w'’-]+", question) if word.casefold() not in _STOP]
    return " ".join(words) or question


def over_frames(shown: Shown, language: str, context: str, *, several: bool = False) -> str:
    """What stands after the frames: which belong to which part, the rules, what is known. It is longer than a block of the KV cache.

    ``several``: more films were asked about than these parts are of, so that they are told by name.
    """
    films, lines, first = shown.films, list[str](), 1
    for number, (passage, count) in enumerate(zip(shown.passages, shown.counts, strict=True), 1):
        which = f"frame {first}" if count == 1 else f"frames {first}-{first + count - 1}"
        lines.append(f"[{number}] {_place(passage, several=several or len(films) > 1)}{which}")
        first += count
    what = "a picture" if all(passage.still for passage in shown.passages) else "a film"
    what = what if len(films) == 1 else f"{len(films)} films or pictures"
    return "\n".join([f"These are {first - 1} frames of {what}, in order, by parts:", *lines, *_known(context), _rules(language)])


def over_captions(passages: Sequence[Passage], language: str, context: str, *, several: bool = False) -> str:
    """The captions as text, by parts, and the rules; ``several`` as above."""
    several = several or len({passage.film for passage in passages}) > 1
    lines = [
        f"[{number}] {_place(passage, several=several)}{' '.join(passage.text.split())}"
        for number, passage in enumerate(passages, 1)
    ]
    return "\n".join(
        ["These are descriptions of what is seen in a film, in order, by parts:", *lines, *_known(context), _rules(language)]
    )


def _place(passage: Passage, *, several: bool) -> str:
    name = f"{passage.film.name}, " if several or passage.still else ""
    return name if passage.still else f"{name}{moment(passage.start)}-{moment(passage.end)}: "


def _known(context: str) -> list[str]:
    return [f"What is known of it: {context}"] if context else []


def _rules(language: str) -> str:
    return RULES.format(language="" if language.split("-")[0] == "en" else f" in {english_name(language)}")
