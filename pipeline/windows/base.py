"""The contract of a window rule: told in order of time what is seen of a film, it answers with the windows that are settled by it.

    sample   x     x     x     x     x     x     x            a frame that is looked at
    cut                     C                                 the first frame of a new shot, told before its sample
    finish                                          F         when the last frame ends
    answers        .     [---------)   .     [------) ...     each window once, in order, as soon as nothing can change it

A rule never asks for anything, so a film, a stream that never ends and a test drive it the same way. ``pipeline/windows/NAME.py``
with a frozen dataclass ``Rule`` adds one; its fields are its options.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pipeline.types import Span


@runtime_checkable
class Splitter(Protocol):
    """One film on its way past a rule. Windows begin with the film, end with it, and leave no gap."""

    def sample(self, time: float) -> Sequence[Span]:
        """A frame is shown at this time, later than all before it. Answers the windows that are settled now."""
        ...

    def cut(self, time: float) -> Sequence[Span]:
        """A shot begins at this time. Told only where the rule ``needs_cuts``."""
        ...

    def finish(self, end: float) -> Sequence[Span]:
        """The film ends at this time: all windows that are left. Nothing is told after that."""
        ...


@runtime_checkable
class Divisible(Splitter, Protocol):
    """A splitter that lets several hosts read one film with cuts, each from somewhere in its middle on."""

    def independent_of(self, before: float) -> bool:
        """Right after ``cut``: whether a window begins with it, and all that follow are the same, whatever was told up to ``before``.

        Then ``finish`` at the time of the cut gives the windows before it, and a splitter that began at ``before`` gives those after it;
        but for a cut less than the rule's ``shortest`` before the film's end.
        """
        ...


@runtime_checkable
class Rule(Protocol):
    """Where windows begin and end."""

    @property
    def needs_cuts(self) -> bool:
        """Whether windows depend on where shots begin.

        Those of a rule that does not need to know depend on when a film begins and ends alone, whatever samples it is told between:
        then ``splitter(first).finish(end)`` gives all windows of a film, and only the frames that they show are decoded.
        """
        ...

    @property
    def shortest(self) -> float:
        """Seconds of the shortest window that the rule makes of a film longer than that."""
        ...

    def splitter(self, first: float) -> Splitter:
        """For one film, whose first frame is shown at ``first``."""
        ...


@runtime_checkable
class Bounded(Rule, Protocol):
    """A rule whose windows are so long at most, but for a picture that stands and a short rest at the end."""

    @property
    def longest(self) -> float:
        """Seconds."""
        ...
