"""A long film in stretches, each read by another host.

0s        300s        600s        900s         end
|-----------|-----------|-----------|-----------|      borders (300, 600, 900): stretches 0, 1, 2, 3
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Indivisible(Exception):
    """The film turns out to be one that one host has to read from its beginning."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One of them. Pure data."""

    number: int
    """from 0"""
    borders: tuple[float, ...]
    """seconds where all but the first begin, ascending"""

    @property
    def start(self) -> float:
        """Seconds into the film."""
        return self.borders[self.number - 1] if self.number else 0.0

    @property
    def end(self) -> float:
        """The last has none, since a film may be longer than it says."""
        return self.borders[self.number] if self.number < len(self.borders) else math.inf

    def holds(self, time: float) -> bool:
        """Whether what begins at this time begins in it."""
        return self.start <= time < self.end


class Arriving(Protocol):
    """What is here of a film whose bytes come while it is read, and go when that is over. Its methods block."""

    def need(self, start: float, end: float) -> None:
        """Until all is here that shows what lies between two times (seconds). Raises InputError, OutputError."""

    def abreast(self, spans: Sequence[tuple[float, float]], most: int) -> int:
        """How many of these (seconds), one behind the other, there is room for at once: 1 at least, ``most`` at most."""

    def over(self, time: float) -> None:
        """What is shown before this time (seconds) is not needed any more."""

    def finish(self) -> None:
        """Nothing more is needed. Raises InputError ``source_changed``."""

    def close(self) -> None:
        """Whoever is waiting is told that nothing more comes."""
