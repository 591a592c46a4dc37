"""``keyframes:count=8``: the keyframes nearest to evenly spaced times; they cost a twentieth of other frames.

    K.....K......K.....K......     K where the film can be entered
    |  x  |  x  |  x  |  x  |      where ``uniform`` would look
       K     K     K     K         what is taken: each keyframe once

Where a window has too few, exact frames fill it, unless ``fill=no``: then a window without a keyframe is shown the one frame that
it begins with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """At most ``count`` keyframes a window."""

    count: Annotated[int, Field(ge=1, le=1024)] = 8
    fill: bool = True
    wants_keyframes: ClassVar[bool] = True

    @property
    def keyframes_only(self) -> bool:
        """Whether nothing else is looked at, but for the beginning of a window without one."""
        return not self.fill

    def times(self, start: float, end: float, keyframes: Sequence[float] = ()) -> list[float]:
        """When to look in [start, end), given the times of the keyframes in it, ascending."""
        share = (end - start) / self.count
        open_looks = [start + (i + 0.5) * share for i in range(self.count)]
        taken: list[float] = []
        pairs = sorted((abs(look - key), i, key) for i, look in enumerate(open_looks) for key in keyframes)
        free = set(range(self.count))
        for _, i, key in pairs:
            if i in free and key not in taken:
                free.discard(i)
                taken.append(key)
        if self.fill:
            taken += [open_looks[i] for i in free]
        return sorted(taken)

    def spacing(self, shortest: float) -> float:
        """Seconds between two looks at most, in windows of at least ``shortest`` seconds."""
        return shortest / self.count
