"""A film's summary and chapters as the page shows them: their times lead to the windows that they rest on."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from pipeline.clock import clock
from pipeline.outline import Summary
from pipeline.passes.markdown import MOST_SPANS
from pipeline.sanitize import clean
from pipeline.types import Caption

ABOUT = {
    "written": "Written by a machine from machine-made captions; nobody has checked it.",
    "composed": "Composed from the captions' own words and facts, not written by a model.",
}


def shown(summary: Summary, captions: Sequence[Caption]) -> dict[str, Any]:
    """Plain values. ``window``: number of the window in the page, from 1; 0 where it shows none."""
    starts = [caption.start for caption in captions]

    def window(seconds: float) -> int:
        return bisect_right(starts, seconds + 0.001) if starts else 0

    return {
        "about": ABOUT[summary.method],
        "sentences": [
            {
                "text": clean(sentence.text),
                "times": [(f"{clock(start)}-{clock(end)}", window(start)) for start, end in sentence.times[:MOST_SPANS]],
            }
            for sentence in summary.sentences
        ],
        "chapters": [
            {
                "at": clock(chapter.start), "title": clean(chapter.title), "window": window(chapter.start) or min(1, len(starts)),
                "sentences": [clean(sentence.text) for sentence in chapter.sentences],
            }
            for chapter in summary.chapters
        ],
    }  # fmt: skip
