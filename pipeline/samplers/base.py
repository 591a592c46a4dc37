"""The contract of a sampler: where a window is looked at. Pure: the same window gives the same times.

    window    |-----------------------------|
    times        x      x      x      x            ``times``: in order, inside the window
                 <------>                          ``spacing``: at most so far apart

What is shown is the frame that stands at each time. ``pipeline/samplers/NAME.py`` with a frozen dataclass ``Sampler`` adds one; its
fields are its options.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Sampler(Protocol):
    """Which frames of a window the model is shown."""

    @property
    def keyframes_only(self) -> bool:
        """Whether nothing but keyframes is ever looked at: then nothing else is decoded."""
        ...

    @property
    def wants_keyframes(self) -> bool:
        """Whether ``times`` goes by the keyframes; False where it ignores them."""
        ...

    def times(self, start: float, end: float, keyframes: Sequence[float] = ()) -> list[float]:
        """When to look in [start, end), ascending, given the times of the keyframes in it, ascending. All in seconds.

        Nothing: the window is shown the frame that it begins with, since no window is asked about without a picture.
        """
        ...

    def spacing(self, shortest: float) -> float:
        """Seconds between two looks at most, in windows of at least ``shortest`` seconds: greater than 0.

        Where windows are settled only after they were seen, frames so far apart are kept and the nearest are taken.
        """
        ...
