"""``fixed:seconds=8,overlap=0``: windows of one length, whatever is seen.

|--------|--------|-----|      seconds=8: the last one ends with the film
|--------|
      |--------|               overlap=2
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Windows of ``seconds``, each beginning ``overlap`` before the last one ends."""

    seconds: Annotated[float, Field(ge=0.1, le=86400)] = 8.0
    overlap: Annotated[float, Field(ge=0)] = 0.0
    needs_cuts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.overlap > 0.9 * self.seconds:
            raise ValueError("overlap must be at most nine tenths of seconds")

    def spans(self, first: float, end: float) -> list[tuple[float, float]]:
        """All windows of a film that is shown from ``first`` to ``end``; a rest under a tenth of a window joins the last."""
        step = self.seconds - self.overlap
        found: list[tuple[float, float]] = []
        stop = first
        while not found or stop < end:
            start = first + len(found) * step
            stop = min(start + self.seconds, end)
            if end - stop < 0.1 * self.seconds:
                stop = end
            found.append((round(start, 6), round(stop, 6)))
        return found
