"""Text -> the pieces that stay whole on a line, and what a break before each costs: THE budoux door.

"A dog runs, and a cat sleeps."    A | dog | runs, | and | a | cat | sleeps.
                                     ^ never       ^ clause ^ never
"犬が走り、猫が眠る。"                犬が | 走り、 | 猫が | 眠る。
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

from pipeline.cues import grammar
from pipeline.cues.measure import break_units, columns, graphemes, line_break_class

Measure = Callable[[str], float]
"""How wide a piece of text is on its line."""


class Word(NamedTuple):
    """A piece that no line break cuts."""

    text: str
    space: str
    """what stands before it when it is not the first of its line"""
    cost: int
    """of a break before it (``grammar``'s scale)"""
    ends_sentence: bool


# Letters of scripts that put spaces between words, digits and the punctuation that never ends a line inside a word.
_SPACED = re.compile(r"[\w'’‘“”\"«».,;:!?…()\[\]{}/&%$€£@#*+=~^`|<>\\ -]+")
_PHRASED = re.compile(
    "([\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]|[\u0e01-\u0e4e])"
)
_KANA = re.compile("[\u3041-\u30ff\uff66-\uff9d]")
_SPACE = re.compile(r"(?<![\s][«“(\[¿¡•-])([ \u3000]+)(?![»!?:;%–—]+(?:\s|$))")
_LONE = re.compile(r"(?:^|\s)[^\w\s]+(?:\s|$)|  |\n|^ | $")
_NEVER_FIRST = frozenset({"CL", "CP", "EX", "IS", "SY", "NS", "CJ", "IN", "CM", "ZWJ", "GL", "WJ", "BA", "HY", "PO"})
_NEVER_LAST = frozenset({"OP", "GL", "WJ", "PR", "ZWJ"})


def words(text: str, language: str, *, width: float, wide: bool, measure: Measure | None = None) -> tuple[Word, ...]:
    """The pieces of a clean text; none is wider than ``width`` unless it is one character.

    ``measure`` is the ruler that ``width`` is given in; columns where it is None.
    """
    pieces = list(_pieces(text, language, width, measure or _ruler(wide), plain=measure is None))
    made: list[Word] = []
    base = language.split("-")[0].lower()
    starts = True
    for k, (piece, space, inside) in enumerate(pieces):
        if k == 0 or made[-1].ends_sentence:
            cost = grammar.SENTENCE
        elif inside is not None:
            cost = inside if inside == grammar.INSIDE else grammar.break_cost(made[-1].text, piece, "", True)
            cost = min(cost, grammar.PHRASE) if inside == grammar.PHRASE else cost
        else:
            cost = grammar.break_cost(made[-1].text, piece, base, starts)
        starts = k == 0 or made[-1].ends_sentence
        following = pieces[k + 1][0] if k + 1 < len(pieces) else None
        made.append(Word(piece, space, cost, grammar.ends_sentence(piece, following)))
    return tuple(made)


@lru_cache(maxsize=2)
def _ruler(wide: bool) -> Measure:
    return partial(columns, wide=wide)


def _pieces(text: str, language: str, width: float, measure: Measure, *, plain: bool) -> Iterator[tuple[str, str, int | None]]:
    """(piece, space before it, the cost of a break before it where it is known); ``plain``: a letter is a column"""
    if plain and text.isascii() and not _LONE.search(text) and len(max(chunks := text.split(" "), key=len)) <= width:
        yield chunks[0], "", None
        for chunk in chunks[1:]:
            yield chunk, " ", None
        return
    for chunk, space in _chunks(text, width, measure):
        parts = [chunk] if _SPACED.fullmatch(chunk) and not _PHRASED.search(chunk) else _phrases(chunk, language)
        for n, part in enumerate(parts):
            cost = grammar.PHRASE if n else None
            if measure(part) <= width:
                yield part, "" if n else space, cost
                continue
            for m, bit in enumerate(_cut(part, width, measure)):
                yield bit, "" if n or m else space, grammar.INSIDE if m else cost


def _chunks(text: str, width: float, measure: Measure) -> Iterator[tuple[str, str]]:
    """What stands between spaces, with the space before it; « quoted » marks stay with what they quote where they fit."""
    fields = _SPACE.split("\n" + text.replace("\n", " "))
    space = ""
    for k in range(0, len(fields), 2):
        chunk = fields[k].lstrip("\n")
        if " " in chunk and measure(chunk) > width:
            for bit in chunk.split(" "):
                yield bit, space
                space = " "
        elif chunk:
            yield chunk, space
        space = ("\u3000" if "\u3000" in fields[k + 1] else " ") if k + 1 < len(fields) and (chunk or space) else space


@lru_cache(maxsize=1 << 12)
def _phrases(chunk: str, language: str) -> tuple[str, ...]:
    """A chunk without spaces, cut where its script lets a line end: phrases for ja, zh and th, UAX 14 for the rest."""
    found = _PHRASED.search(chunk)
    if not found:
        units: list[str] = []
        for unit in break_units(chunk):
            if units and (units[-1].endswith(" ") or not unit.strip("–—-")):
                units[-1] += unit  # "man —" and "man—" keep their dash
            else:
                units.append(unit)
        return tuple(units)
    if "\u0e00" <= found.group() <= "\u0e7f":
        name = "thai"
    elif language.startswith("ja") or _KANA.search(chunk):
        name = "japanese"
    else:
        traditional = any(part in ("hant", "tw", "hk", "mo") for part in language.lower().split("-")[1:]) or language.startswith(
            "yue"
        )
        name = "traditional_chinese" if traditional else "simplified_chinese"
    joined: list[str] = []
    for phrase in _parser(name).parse(chunk):
        if joined and (
            line_break_class(phrase[0]) in _NEVER_FIRST
            or line_break_class(joined[-1][-1]) in _NEVER_LAST
            or _inside(joined[-1], phrase)
        ):
            joined[-1] += phrase
        else:
            joined.append(phrase)
    return tuple(joined)


def _inside(before: str, after: str) -> bool:
    """Whether a cut here would fall inside a character or a Latin word."""
    if before[-1].isascii() and after[0].isascii():
        return before[-1].isalnum() and after[0].isalnum()
    return not ("\u3000" < after[0] < "\uffff") and len(graphemes(before[-4:] + after[:4])) < len(graphemes(before[-4:])) + len(
        graphemes(after[:4])
    )


@lru_cache(maxsize=8)
def _parser(name: str) -> Any:
    import budoux

    return getattr(budoux, f"load_default_{name}_parser")()


def _cut(part: str, width: float, measure: Measure) -> Iterator[str]:
    """A piece that no line can hold, cut by UAX 14, and where even that is too long between characters."""
    line = ""
    for unit in break_units(part):
        for bit in (unit,) if measure(unit) <= width else graphemes(unit):
            if line and measure(line + bit) > width:
                yield line
                line = ""
            line += bit
    if line:
        yield line
