"""A long film in stretches, each read by another host.

0s        300s        600s        900s         end
|-----------|-----------|-----------|-----------|      borders (300, 600, 900): stretches 0, 1, 2, 3
"""

import math
from dataclasses import dataclass


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
