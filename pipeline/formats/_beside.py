"""What stands behind the times of a cue: settings of its place, or its text."""

import re

from pipeline.formats._heads import Head

_ONE = re.compile(r"[\w-]+:\S+", re.ASCII)
_KNOWN = re.compile(r"(?:align|line|position|size|vertical|region|[XY][12]):\S+", re.ASCII | re.IGNORECASE)
"""settings of WebVTT and coordinates of SRT, which a text may follow"""


def text_beside(found: Head) -> str:
    """The text that stands beside a cue's times; empty where nothing does but settings, all of them ``name:value``."""
    words = found.beside.split()
    if all(_ONE.fullmatch(word) for word in words):
        return ""
    known = next(at for at, word in enumerate(words) if not _KNOWN.fullmatch(word))
    return found.beside.split(None, known)[known].strip()
