"""What stands behind the times of a cue: settings of its place, or its text."""

import re

from pipeline.formats._heads import LONGEST_HEAD, Head

_ONE = re.compile(r"[\w-]+:\S+", re.ASCII)
_KNOWN = re.compile(r"\s*(?:align|line|position|size|vertical|region|[XY][12])\s{0,4}:\s{0,4}\S+", re.ASCII | re.IGNORECASE)
"""settings of WebVTT and coordinates of SRT, which a text may follow"""


def text_beside(found: Head) -> str:
    """The text that stands beside a cue's times; empty where nothing does but settings, all of them ``name:value``."""
    whole = len(found.beside) <= LONGEST_HEAD  # settings say "X1: 10" as X1:10
    if all(_ONE.fullmatch(word) for word in (found.settings if whole else found.beside).split()):
        return ""
    at = 0
    while known := _KNOWN.match(found.beside, at):
        at = known.end()
    return found.beside[at:].strip()
