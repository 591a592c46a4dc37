"""How wide a text is and how many characters a viewer has to read: THE uniseg door.

A character is what a reader sees (a grapheme cluster): a family emoji of seven code points is one.

    columns      Latin rules: narrow 1, wide 2              full-width rules: narrow 1/2, wide 1
    characters   Latin rules: 1 each, a line break is 1     full-width rules: narrow 1/2, wide 1, a line break is 0
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# one code point is one character here, whatever stands beside it, and none of it is wide
_NARROW = re.compile(
    r"[\x20-\x7e\xa0-\u02ff\u0370-\u0482\u048a-\u0590\u05be\u05d0-\u05ea\u0620-\u064a\u1e00-\u1fff\u2010-\u2027]*"
)
# the same, all of it wide
_WIDE = re.compile(r"[\u3001-\u3029\u3041-\u3096\u309b-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60]*")


@lru_cache(maxsize=1 << 12)
def graphemes(text: str) -> tuple[str, ...]:
    """The characters that a reader sees."""
    if _NARROW.fullmatch(text) or _WIDE.fullmatch(text):
        return tuple(text)
    from uniseg.graphemecluster import grapheme_clusters

    return tuple(grapheme_clusters(text))


@lru_cache(maxsize=1 << 12)
def columns(text: str, *, wide: bool) -> float:
    """The width of one line of text; ``wide`` for the full-width rules of Chinese, Japanese and Korean."""
    if _NARROW.fullmatch(text) and not (wide and not text.isascii()):
        return len(text) / 2 if wide else len(text)
    if _WIDE.fullmatch(text):
        return len(text) if wide else 2 * len(text)
    total = sum(2 if _is_wide(cluster, ambiguous=wide) else 1 for cluster in graphemes(text))
    return total / 2 if wide else total


def characters(lines: Iterable[str], *, wide: bool) -> float:
    """What a viewer has to read, in the unit of the reading speeds; spaces and punctuation count."""
    if wide:
        return sum(columns(line, wide=True) for line in lines)
    counts = [len(line) if _NARROW.fullmatch(line) else len(graphemes(line)) for line in lines]
    return sum(counts) + max(len(counts) - 1, 0)


def _is_wide(cluster: str, *, ambiguous: bool) -> bool:
    kind = unicodedata.east_asian_width(cluster[0])
    return kind in "WF" or (ambiguous and kind == "A") or "\ufe0f" in cluster


@lru_cache(maxsize=1 << 12)
def break_units(text: str) -> tuple[str, ...]:
    """Pieces between which UAX 14 allows a line break."""
    from uniseg.linebreak import line_break_units

    return tuple(line_break_units(text))


@lru_cache(maxsize=1 << 12)
def line_break_class(character: str) -> str:
    """The UAX 14 class of a character: OP for an opening bracket, CL for a closing one, ..."""
    from uniseg.linebreak import line_break

    return str(line_break(character).name)
