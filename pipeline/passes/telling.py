"""Out of many notes the few that tell most, in their own words: what a summary is made of where no model writes. Pure.

Each is the one that has most in common with all the others and least with those chosen before it (maximal marginal relevance,
Carbonell and Goldstein 1998).
"""

from collections.abc import Sequence

from pipeline.passes.answer import Note
from pipeline.passes.words import Bag, Bags, likeness, together, words

NEW = 0.5
"""how much it counts that a note says something new"""
MOST = 400
"""notes that are weighed against each other; of more every so many-th"""
TITLE_WORDS = 8


def telling(notes: Sequence[Note], most: int) -> tuple[Note, ...]:
    """At most ``most`` of the notes, in their order; each text once, with the captions of all that say the same."""
    distinct: dict[str, list[Note]] = {}
    for note in notes:
        if note.text.strip():
            distinct.setdefault(" ".join(note.text.casefold().split()), []).append(note)
    alike = [
        Note(group[0].text, tuple(sorted({number for note in group for number in note.captions}))) for group in distinct.values()
    ]
    if len(alike) <= most:
        return tuple(alike)
    alike = alike[:: -(-len(alike) // MOST)]
    bags = Bags([note.text for note in alike], kept=len(alike))
    bag = list(bags.between(0, len(alike)))
    middle = together(bag)
    worth = [likeness(one, middle) * len(note.captions) ** 0.5 for one, note in zip(bag, alike, strict=True)]
    chosen: list[int] = []
    nearest = [0.0] * len(alike)
    while len(chosen) < min(most, len(alike)):
        best = max((n for n in range(len(alike)) if n not in chosen), key=lambda n: (worth[n] - NEW * nearest[n], -n))
        chosen.append(best)
        nearest = [max(was, likeness(bag[best], one)) for was, one in zip(nearest, bag, strict=True)]
    return tuple(alike[n] for n in sorted(chosen))


def heading(notes: Sequence[Note], others: Bag) -> str:
    """A title for these notes out of their own words: the beginning of the one that differs most from ``others``, the film's."""
    told = telling(notes, 3)
    if not told:
        return ""
    first = min(told, key=lambda note: (likeness(dict.fromkeys(words(note.text), 1.0), others), note.captions))
    said = first.text.split()
    if len(said) == 1:  # a language without spaces
        return said[0][:40].rstrip("。．.,、，")
    return " ".join(said[:TITLE_WORDS]).rstrip(".,;:!?") + ("..." if len(said) > TITLE_WORDS else "")
