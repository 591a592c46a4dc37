"""``movie.summary.md``: the summary for people, each sentence with its times, the chapters below.

Text of models can hold anything: what Markdown or HTML would act on is escaped, so that it stays text wherever it is shown.
"""

import re
from collections.abc import Sequence

from pipeline.chapters import one_line
from pipeline.clock import moment
from pipeline.outline import Sentence, Summary
from pipeline.types import Span

MOST_SPANS = 4
"""times behind one sentence"""
_ACTIVE = re.compile(r"([\\`*_{}\[\]()<>#|!~&])")
_FIRST = re.compile(r"^(\d*)([-+=.])")
_ADDRESS = re.compile(r"(?i)(https?|ftp|mailto)(:)|(www)(\.)")


def to_text(summary: Summary) -> str:
    """The whole file."""
    lines = [f"# {escaped(summary.source.name) or 'Summary'}", ""]
    for sentence in summary.sentences:
        lines += [_said(sentence), ""]
    if not summary.sentences:
        lines += ["Nothing can be told: there are no captions.", ""]
    lines += ["## Chapters", ""]
    for chapter in summary.chapters:
        lines += [f"### {moment(chapter.start)} {escaped(chapter.title)}", ""]
        for sentence in chapter.sentences:
            lines += [_said(sentence), ""]
    lines += ["---", "", about(summary)]
    return "\n".join(lines) + "\n"


def about(summary: Summary) -> str:
    """Who made it, and that nobody has checked it."""
    model = escaped(summary.model.author or summary.model.id or "an unknown model")
    if summary.method == "written":
        return f"Written by a machine ({model}) from machine-made captions; nobody has checked it."
    made = "Composed from the captions' own words and facts, not written by a model"
    return f"{made}; the captions are a machine's ({model}) and nobody has checked them."


def _said(sentence: Sentence) -> str:
    return f"{escaped(sentence.text)} ({times(sentence.times)})"


def times(spans: Sequence[Span]) -> str:
    """``0:12-0:20, 1:02-1:09 and 3 more``."""
    shown = ", ".join(f"{moment(start)}-{moment(end)}" for start, end in spans[:MOST_SPANS])
    return shown + (f" and {len(spans) - MOST_SPANS} more" if len(spans) > MOST_SPANS else "")


def escaped(text: str) -> str:
    """Text as Markdown that shows it as it is, on one line."""
    plain = _ACTIVE.sub(r"\\\1", one_line(text))
    plain = _FIRST.sub(r"\1\\\2", plain)
    # no links out of a picture's text
    return _ADDRESS.sub(lambda found: (found[1] or found[3]) + "\\" + (found[2] or found[4]), plain)
