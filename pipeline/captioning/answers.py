"""Guards on what a model says: cut what repeats or runs on at a whole sentence, and name what happened. Pure."""

import re

from pipeline.types import Outcome

SENTENCE = re.compile(r"[^.!?。！？…]*(?:[.!?。！？…]+[\"'”’)\]]*|$)\s*")
"""a sentence with its closing marks; good enough to cut at, never used to break lines"""

REPEATS = 3
"""the same sentence, or the same run of words, this many times in a row is a model that repeats itself"""

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w+-]*[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(\S[^\n]*)$", re.MULTILINE)
_BOLD = re.compile(r"\*\*(?=[^\s*])([^*\n]+)(?<=\S)\*\*")
"""Markdown of CommonMark 0.31, 4.2 (headings), 4.5 (fences), 6.2 (strong emphasis)"""

NOTICES = {
    Outcome.EMPTY: "the model answered nothing, twice; there is no description here",
    Outcome.REPEATED: "the model repeated itself; its answer was cut before the repetition",
    Outcome.TRUNCATED: "the model's answer was too long; it was cut at a whole sentence (raise --max-tokens)",
}
"""what is said of an answer that came to this"""


def guard(text: str, *, cut_off: bool) -> tuple[str, Outcome]:
    """The text that may be shown, and its outcome.

    ``cut_off`` says that the model was stopped at its token limit. What has no whole sentence to end at is kept whole words,
    with an ellipsis: there is nothing better to show.
    """
    text = " ".join(unmarked(text).split())
    if not text:
        return "", Outcome.EMPTY
    once = _before_repetition(text)
    if once is not None:
        return once, Outcome.REPEATED
    if not cut_off:
        return text, Outcome.OK
    whole = [part for part in sentences(text) if part[-1:] in ".!?。！？…\"'”’)]"]
    if whole:
        return " ".join(whole), Outcome.TRUNCATED
    return text.rsplit(" ", 1)[0].rstrip(",;:") + "…", Outcome.TRUNCATED


def unmarked(text: str) -> str:
    """The text without the Markdown that models write unasked and a subtitle would show as it stands: fences, headings, bold.

    ``**Scene:** a *red* car`` -> ``Scene: a *red* car``: single stars and dashes stay, they may be meant.
    """
    text = _BOLD.sub(r"\1", _FENCE.sub("", text))
    return _HEADING.sub(lambda found: _headed(found.group(1)), text)


def _headed(words: str) -> str:
    words = words.rstrip(" \t#") or words
    return words if words[-1] in ".!?:。！？…：" else f"{words}:"


def sentences(text: str) -> list[str]:
    """The text's sentences in order, without the spaces between them."""
    return [part for part in (match.group().strip() for match in SENTENCE.finditer(text)) if part]


def _before_repetition(text: str) -> str | None:
    """The text up to its first repetition (one copy kept), or None where nothing repeats."""
    parts = sentences(text)
    for i in range(len(parts) - REPEATS + 1):
        if len({part.casefold() for part in parts[i : i + REPEATS]}) == 1:
            return " ".join(parts[: i + 1])
    for i in range(len(parts) - 3):  # A. B. A. B.
        if parts[i : i + 2] == parts[i + 2 : i + 4]:
            return " ".join(parts[: i + 2])
    words = text.split()
    for size in range(1, 13):  # a run of up to a dozen words, again and again, inside one sentence
        for i in range(len(words) - size * (REPEATS + 1) + 1):
            run = words[i : i + size]
            if all(words[i + k * size : i + (k + 1) * size] == run for k in range(1, REPEATS + 1)):
                kept = " ".join(words[: i + size]).rstrip(",;:")
                return kept if kept[-1:] in ".!?。！？…" else kept + "…"
    return None
