"""A cue whose text is wider or taller than its picture -> cues that fit: the same words in more lines, or one after another.

|  The old man walks across th|   too wide       [0 s ................. 4 s)   The old man walks
                                  fits           [0 s ... 2 s)[2 s ... 4 s)    across the square
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.cues.blocks import Block, Typesetter
from pipeline.cues.measure import characters, columns, graphemes
from pipeline.cues.profiles import Limits
from pipeline.cues.timing import share
from pipeline.cues.words import Measure, words
from pipeline.types import Cue

COMFORTABLE = 5 / 6
"""seconds; cues shorter than this are made only where the picture has no room for one more line"""
_DASHES = ("-", "–", "—", "‐")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a picture has room for, and the ruler that knows."""

    width: float
    """the widest line, in the ruler's unit"""
    lines: int
    """lines that stand above each other at most"""
    measure: Measure
    """the width of a piece of text, as it is drawn"""


def pieces_of(cue: Cue, language: str, limits: Limits) -> Iterator[str]:
    """What a ruler must know to lay a cue out anew: its words, and the characters that they may be cut into."""
    wide = _wide(language)
    for text in _paragraphs(cue, limits):
        for word in words(text, language, width=float("inf"), wide=wide):
            yield word.text
            yield from graphemes(word.text)


def refit(cue: Cue, language: str, limits: Limits, room: Room) -> tuple[Cue, ...]:
    """The cue in lines that are within ``limits`` and the room; several cues one after another where one can't hold them all.

    More lines than ``limits`` has are made where several cues would be too short to be read. Speakers (lines that begin with a
    dash) keep lines of their own.
    """
    texts = _paragraphs(cue, limits)
    within = _both(texts, language, limits, room)
    for count in range(min(limits.lines, room.lines), room.lines + 1):
        blocks = _blocks(texts, language, replace(within.limits, lines=count), within.measure)
        if len(blocks) <= 1 or (cue.end - cue.start) / len(blocks) >= COMFORTABLE:
            break
    needs = [max(block.characters, 1.0) for block in blocks]
    slots = share(cue.start, cue.end, needs, 0.0, float("inf"))
    return tuple(
        Cue(start=slot.start, end=slot.end, lines=block.lines)
        for slot, block in zip(slots, blocks, strict=True)
        if slot.end > slot.start
    )


@dataclass(frozen=True, slots=True)
class _Within:
    limits: Limits
    measure: Measure


def _both(texts: Iterable[str], language: str, limits: Limits, room: Room) -> _Within:
    """One ruler for two limits, columns and picture: of each piece the larger share of its line, in columns that fit."""
    text = "".join(texts)
    size = sum(map(room.measure, graphemes(text))) / max(columns(text, wide=limits.wide), 1.0)
    fitting = max(1.0, min(limits.width, room.width / size if size else limits.width))
    by_columns, by_picture = fitting / limits.width, fitting / room.width

    def measure(piece: str) -> float:
        return max(columns(piece, wide=limits.wide) * by_columns, room.measure(piece) * by_picture)

    return _Within(replace(limits, width=fitting), measure)


def _blocks(texts: list[str], language: str, limits: Limits, measure: Measure) -> list[Block]:
    most = float("inf")
    set_apart = len(texts) > 1
    row = replace(limits, lines=10_000) if set_apart else limits
    made: list[Block] = []
    for text in texts:
        pieces = words(text, language, width=limits.width, wide=limits.wide, measure=measure)
        made += Typesetter(pieces, row, most, measure).blocks(0, len(pieces))
    if not set_apart:
        return made
    lines = [line for block in made for line in block.lines]
    taken = (tuple(lines[k : k + limits.lines]) for k in range(0, len(lines), limits.lines))
    return [Block(some, characters(some, wide=limits.wide)) for some in taken]


def _paragraphs(cue: Cue, limits: Limits) -> list[str]:
    """The text of a cue as one line, or a line for each speaker."""
    lines = [" ".join(line.split()) for line in cue.lines]
    lines = [line for line in lines if line]
    if sum(line.startswith(_DASHES) for line in lines) < 2:
        return [_joined(lines, limits)] if lines else []
    spoken: list[list[str]] = []
    for line in lines:
        if line.startswith(_DASHES) or not spoken:
            spoken.append([])
        spoken[-1].append(line)
    return [_joined(some, limits) for some in spoken]


def _joined(lines: list[str], limits: Limits) -> str:
    text = lines[0]
    for before, line in pairwise(lines):
        together = (_spaceless(before[-1]) and _spaceless(line[0])) or _cut(before, line, limits)
        text += ("" if together else " ") + line
    return text


def _cut(before: str, line: str, limits: Limits) -> bool:
    """Whether a word that is longer than a line goes on in the next: its piece fills its line, which had no room for one letter more."""
    more = before + next(iter(graphemes(line)))
    return " " not in before and columns(before, wide=limits.wide) <= limits.width < columns(more, wide=limits.wide)


def _spaceless(character: str) -> bool:
    """Chinese, Japanese, Thai, Lao, Burmese and Khmer put no space where a line ends."""
    code = ord(character)
    return (
        0x3001 <= code <= 0x9FFF
        or 0xFF01 <= code <= 0xFF60
        or 0x20000 <= code <= 0x2FFFF
        or (0x0E00 <= code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF)
    )


def _wide(language: str) -> bool:
    return language.replace("_", "-").split("-")[0].lower() in ("ja", "zh", "yue", "ko")
