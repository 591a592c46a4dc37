"""WebVTT with ``kind="chapters"``: what ``<track kind="chapters">`` takes, one cue a chapter, its text the title."""

from collections.abc import Sequence

from pipeline import formats
from pipeline.chapters import base
from pipeline.outline import Chapter
from pipeline.types import Cue, Track


class Format(base.Format):
    suffix = ".vtt"
    media_type = "text/vtt; charset=utf-8"

    def write(self, chapters: Sequence[Chapter], *, language: str, title: str) -> str:
        cues = tuple(Cue(start=one.start, end=one.end, lines=(one.title,)) for one in chapters)
        return formats.write("vtt", Track(cues=cues, language=language, kind="chapters"))
