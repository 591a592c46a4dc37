"""``uniform:count=8``: evenly spaced frames, each in the middle of its share of the window.

|  x  |  x  |  x  |  x  |      count=4
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """``count`` frames a window."""

    count: Annotated[int, Field(ge=1, le=1024)] = 8
    keyframes_only: ClassVar[bool] = False
    wants_keyframes: ClassVar[bool] = False

    def times(self, start: float, end: float, keyframes: Sequence[float] = ()) -> list[float]:
        """When to look in [start, end)."""
        share = (end - start) / self.count
        return [start + (i + 0.5) * share for i in range(self.count)]

    def spacing(self, shortest: float) -> float:
        """Seconds between two looks at most, in windows of at least ``shortest`` seconds."""
        return shortest / self.count
