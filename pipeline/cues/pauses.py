"""Where a description has its place in the pauses of speech: between what is said in the film, not over it. Pure.

    speech    ====== said ======            === said ===          seconds in which somebody speaks
    windows   [- 1 ------------) [- 2 ------------------)
    window    [ 1 .............] [ 2 ...................]         as the model saw it, whatever is said (``window``)
    gaps                        [1....]                [2......]  moved into a pause, left out where none is near (``gaps``)
    auto      [ 1 .............] ...                              moved where a pause holds all of it, else where it was (``auto``)

A description stands over what it speaks of, or a little before or after where speech leaves no pause there: REACH of ``room``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pipeline.cues.room import REACH
from pipeline.errors import UsageError
from pipeline.types import Span

Place = Literal["window", "gaps", "auto"]
PLACES: tuple[str, ...] = get_args(Place)


def check_place(place: str) -> None:
    """See that there is such a place. Raises UsageError ``bad_value``."""
    if place not in PLACES:
        raise UsageError("bad_value", f"--place is {', '.join(PLACES[:-1])} or {PLACES[-1]}, not '{place}'", name="place")


@dataclass(frozen=True, slots=True)
class Wish:
    """A description that wants to be read or heard."""

    start: float
    end: float
    """its window, seconds"""
    need: float
    """seconds that all of it takes"""
    least: float
    """seconds with which some of it can be shown; ``need`` where it is all or nothing"""


def pauses(speech: Iterable[Span], end: float) -> list[Span]:
    """The stretches of [0, ``end``) in which nobody speaks, in order. ``speech`` may overlap and lie outside."""
    free: list[Span] = []
    at = 0.0
    for start, stop in sorted(speech):
        if start > at:
            free.append((at, min(start, end)))
        at = max(at, stop)
        if at >= end:
            break
    else:
        free.append((at, end))
    return [(start, stop) for start, stop in free if stop > start]


def settle(
    wishes: Sequence[Wish], pauses: Sequence[Span], place: Place, *, gap: float = 0.0, reach: float = REACH
) -> list[Span | None]:
    """Where each of the wishes (in order of start) stands: (start, end) that follow one another ``gap`` apart, None where it can't.

    ``gaps``: the first pause near its window that holds all of it, else the longest that holds ``least``; ``auto``: a pause that holds
    all of it, else its window, less what the one before took of it.
    """
    found: list[Span | None] = []
    free, first = -float("inf"), 0
    for n, wish in enumerate(wishes):
        while first < len(pauses) and pauses[first][1] <= wish.start - reach:
            first += 1
        parts = _near(wish, pauses, first, free, reach)
        chosen = _whole(wish, parts)
        if chosen is None and place == "gaps":
            chosen = _longest(wish, parts)
        if chosen is None and place == "auto":
            start = max(wish.start, free)
            chosen = (start, wish.end) if wish.end - start >= min(wish.least, wish.end - wish.start) else None
        if chosen is not None:
            following = wishes[n + 1].start if n + 1 < len(wishes) else float("inf")
            # what stays longer than it needs does not take the next one's time
            end = max(chosen[0] + wish.need, following - gap) if chosen[1] > following - gap else chosen[1]
            chosen = (chosen[0], min(chosen[1], end))
            free = chosen[1] + gap
        found.append(chosen)
    return found


def _near(wish: Wish, pauses: Sequence[Span], first: int, free: float, reach: float) -> list[Span]:
    """The parts of pauses that are near the window and not taken."""
    begin, end = max(wish.start - reach, free), wish.end + reach
    parts = []
    for start, stop in pauses[first:]:
        if start >= end:
            break
        part = (max(start, begin), min(stop, end))
        if part[1] > part[0]:
            parts.append(part)
    return parts


def _whole(wish: Wish, parts: Iterable[Span]) -> Span | None:
    """All of it: at its window's start or as soon after as can be, else before."""
    early = None
    for start, stop in parts:
        at = max(start, wish.start)
        if stop - at >= wish.need:
            return at, max(at + wish.need, min(stop, wish.end))
        if stop - start >= wish.need:
            early = (stop - wish.need, stop)  # as near to its window as it gets
    return early


def _longest(wish: Wish, parts: Sequence[Span]) -> Span | None:
    best = max(parts, key=lambda part: part[1] - part[0], default=None)
    return best if best is not None and best[1] - best[0] >= wish.least else None
