"""Chapters for the text below a film on YouTube: ``0:00 Title``, one a line.

There they count when the first is 0:00, they ascend, are at least three, and each lasts ten seconds or more; our chapters keep to this
wherever the film is long enough (``pipeline.passes.chapters``).
"""

from collections.abc import Sequence

from pipeline.chapters import base
from pipeline.outline import Chapter


class Format(base.Format):
    suffix = ".txt"
    media_type = "text/plain; charset=utf-8"

    def write(self, chapters: Sequence[Chapter], *, language: str, title: str) -> str:
        hours = bool(chapters) and chapters[-1].start >= 3600
        return "".join(f"{_clock(one.start, hours)} {one.title}\n" for one in chapters)


def _clock(seconds: float, hours: bool) -> str:
    """``M:SS``, ``H:MM:SS`` in all lines where one needs it; rounded down, or a click would land behind the cut."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
