"""How long a rule's windows are at most, which decides whether a film is short enough to be looked at whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.asking.looking import GUESS, _longest
from pipeline.families import parse
from pipeline.types import Span
from pipeline.windows.base import Rule


@dataclass(frozen=True, slots=True)
class Halves:
    """Two windows a film: a rule as another package may bring it, which says nothing of how long they are."""

    needs_cuts: bool = False
    shortest: float = 1.0

    def splitter(self, first: float) -> "Halves":
        return self

    def sample(self, time: float) -> Sequence[Span]:
        return ()

    def cut(self, time: float) -> Sequence[Span]:
        return ()

    def finish(self, end: float) -> Sequence[Span]:
        return ((0.0, end / 2), (end / 2, end))


def test_the_longest_window_is_told_or_counted_or_guessed() -> None:
    def longest(rule: Rule) -> float:
        return _longest(rule, 600.0)

    assert longest(parse("windows", "fixed:seconds=8,overlap=2")) == 8
    assert longest(parse("windows", "scenes:min=3,max=12")) == 12
    assert longest(Halves()) == 300
    assert longest(Halves(needs_cuts=True)) == GUESS
