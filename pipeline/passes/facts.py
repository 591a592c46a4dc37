"""What the embedded model's captions say, as facts, and a summary composed of them. Pure.

``shapes`` knows one grammar (models/shapes/MODEL_CARD.md) and can't write prose, so that nothing has to be guessed:

    "A red circle moves right and a blue square grows."  ->  (red, circle, moves right), (blue, square, grows)
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.passes.answer import Note

COLOURS = "red|green|blue|yellow|orange|purple|black|white"
SHAPES = "circle|square|triangle|star|cross"
MOTIONS = ("moves left", "moves right", "moves up", "moves down", "grows", "shrinks", "stays still")
NOTHING = "Nothing is there."
NUMBERS = ("no", "one", "two", "three")
FACTS_FROM = 0.8
"""share of captions that have to be of the grammar"""
_THING = re.compile(rf"(?:an?) ({COLOURS}) ({SHAPES})(?: ({'|'.join(MOTIONS)}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """One object of a caption; ``motion`` is empty where it tells none."""

    colour: str
    shape: str
    motion: str = ""


@dataclass(slots=True)
class Seen:
    """What is known of all things of one colour and shape."""

    captions: list[int] = field(default_factory=list)
    motions: dict[str, None] = field(default_factory=dict)
    at_once: int = 1


def things(text: str) -> tuple[Thing, ...] | None:
    """The objects that a caption tells of, left to right; None where it is no caption of the embedded model's."""
    text = " ".join(text.split())
    if text == NOTHING:
        return ()
    if not text.endswith("."):
        return None
    listed = re.split(r", | and ", text[:-1])
    found = [_THING.fullmatch(part) for part in listed]
    return tuple(Thing(*(word.lower() for word in one.groups(""))) for one in found if one) if all(found) else None


def told(notes: Sequence[Note]) -> list[tuple[Note, tuple[Thing, ...]]] | None:
    """Each note with its facts, without those that have none; None where these are no captions of the embedded model's."""
    known = [(note, facts) for note in notes if (facts := things(note.text)) is not None]
    return known if known and len(known) >= FACTS_FROM * len(notes) else None


def composed(known: Sequence[tuple[Note, tuple[Thing, ...]]]) -> tuple[Note, ...]:
    """One sentence for each kind of thing, in the order in which they are first seen; all that is told of it, and nothing else."""
    seen: dict[tuple[str, str], Seen] = {}
    empty: list[int] = []
    for note, facts in known:
        if not facts:
            empty += note.captions
        for kind, count in Counter((one.colour, one.shape) for one in facts).items():
            of = seen.setdefault(kind, Seen())
            of.captions += note.captions
            of.at_once = max(of.at_once, count)
            of.motions |= dict.fromkeys(one.motion for one in facts if (one.colour, one.shape) == kind and one.motion)
    notes = [Note(_sentence(*kind, of), tuple(sorted(set(of.captions)))) for kind, of in seen.items()]
    if empty:
        notes.append(Note(NOTHING, tuple(sorted(set(empty)))))
    return tuple(sorted(notes, key=lambda note: note.captions[0]))


def heading(known: Sequence[tuple[Note, tuple[Thing, ...]]]) -> str:
    """``Red circle and blue square``: the things that are seen most, at most three."""
    counted = Counter((one.colour, one.shape) for _, facts in known for one in dict.fromkeys(facts))
    most = [f"{colour} {shape}" for (colour, shape), _ in counted.most_common(3)]
    return joined(most).capitalize() or NOTHING.rstrip(".")


def joined(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _sentence(colour: str, shape: str, seen: Seen) -> str:
    article = "An" if colour[0] in "aeiou" else "A"
    motions = list(seen.motions)
    if seen.at_once == 1:
        return f"{article} {colour} {shape} {joined(motions) or 'is seen'}."
    many = f"Up to {NUMBERS[min(seen.at_once, 3)]} {colour} {shape}{'es' if shape == 'cross' else 's'} are seen at once"
    return f"{many}; one {joined(motions)}." if motions else f"{many}."
