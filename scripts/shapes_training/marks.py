"""Marking captions against the truth, attribute by attribute."""

import re
from collections.abc import Iterable

from scripts.shapes_world.colours import COLOURS
from scripts.shapes_world.world import MOTIONS, SHAPES

_THING = re.compile(rf"\ban? ({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})(?: ({'|'.join(MOTIONS)}))?", re.IGNORECASE)
ATTRIBUTES = ("colour", "shape", "motion")


def things(text: str) -> list[tuple[str, str, str]]:
    """Colour, shape and motion of each object that a caption names, in its order."""
    return [(c.lower(), s.lower(), m.lower()) for c, s, m in _THING.findall(text)]


def mark(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Shares of what is right, from (truth, answer) pairs.

    The attributes are counted object by object in the captions' order, so an object that is missing or in the wrong place
    counts as wrong in all three; "count" and "caption" (exactly the same text) are counted by caption.
    """
    right = dict.fromkeys(ATTRIBUTES, 0)
    objects = captions = counted = exact = 0
    for truth, answer in pairs:
        wanted, given = things(truth), things(answer)
        captions += 1
        counted += len(wanted) == len(given)
        exact += truth == answer
        objects += len(wanted)
        for number, what in enumerate(ATTRIBUTES):
            right[what] += sum(a[number] == b[number] for a, b in zip(wanted, given, strict=False))
    share = {what: n / max(1, objects) for what, n in right.items()}
    return {**share, "count": counted / max(1, captions), "caption": exact / max(1, captions)}
