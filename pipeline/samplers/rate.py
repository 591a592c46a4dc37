"""``rate:fps=1``: so many frames a second of film, from the window's start on.

x---x---x---x--|               fps=1, a window of 3.6 s
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """``fps`` frames a second, at least one a window."""

    fps: Annotated[float, Field(gt=0, le=120)] = 1.0
    keyframes_only: ClassVar[bool] = False
    wants_keyframes: ClassVar[bool] = False

    def times(self, start: float, end: float, keyframes: Sequence[float] = ()) -> list[float]:
        """When to look in [start, end)."""
        count = max(1, math.ceil((end - start) * self.fps - 1e-6))
        return [start + i / self.fps for i in range(count)]

    def spacing(self, shortest: float) -> float:
        """Seconds between two looks at most, in windows of at least ``shortest`` seconds."""
        return min(shortest, 0.5 / self.fps)
