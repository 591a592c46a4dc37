"""Which pictures of a stream are kept: the last one before each tick of a clock. Pure.

    frames   x  x  x  x  x  x  x  x
    ticks        |        |        |        kept when the first frame after the tick is there, or shortly after it should have been
    kept       x        x        x

The last one, and not the first: what closes a window is then as new as a frame can be. Ticks stand on the clock that all streams
share, moved by a stream's phase, and windows are whole numbers of ticks long.
"""

from typing import Generic, TypeVar

F = TypeVar("F")

LATE = 0.15
"""seconds after its tick that a frame is kept without the next one"""


class Ticks(Generic[F]):
    """One epoch's frames on their way past."""

    def __init__(self, fps: float, phase: float) -> None:
        self._step, self._phase = 1.0 / fps, phase
        self._next = 0.0
        self._held: tuple[float, float, F] | None = None
        self._kept = True

    def begin(self) -> None:
        """A new epoch: what is held belongs to the old one."""
        self._held, self._kept = None, True

    def see(self, time: float, arrival: float, frame: F) -> F | None:
        """A frame. Answers the one to keep, where a tick lies between it and this one."""
        kept: F | None = None
        if self._held is None:
            self._next = time + ((self._phase - arrival) % self._step or self._step)
        elif time >= self._next:
            kept = None if self._kept else self._held[2]
            self._next += self._step * (1 + (time - self._next) // self._step)
        self._held, self._kept = (time, arrival, frame), False
        return kept

    def wait(self, now: float) -> F | None:
        """No frame came up to ``now``. Answers the one that is held where its tick is past."""
        if self._held is None or self._kept:
            return None
        time, arrival, frame = self._held
        if now < arrival + (self._next - time) + LATE:
            return None
        self._kept = True
        return frame

    def end(self) -> F | None:
        """Nothing comes any more: the newest frame, if it was not kept."""
        held, self._held = self._held, None
        return None if held is None or self._kept else held[2]
