"""What gives way where the engine is too slow for a stream, in one order, each step told in every event. Pure.

    level 0   nothing gives way (pictures that stand still are never asked about)
    level 1   half the words
    level 2   half the frames too
    level 3   windows are asked about two together
    level 4   four together, and so on up to --max-window
    (gaps     what does not fit even then is given up, oldest first: the mailbox does it, at any level)

``load`` is the engine's time over the seconds of the window that the level wishes for, averaged. Over UP it goes one level up. A
missed deadline says only that the engine takes longer than that, so it goes LEAP levels up: first to all that can be saved on one
question, then to windows four times as wide. A level halves one thing, so going down one at most doubles the load: it goes down where
twice (or four times) the newest load would still be under DOWN, and else after CALM windows under DOWN. A slow engine is given way to
within windows, and one that is quick again has its stream at level 0 within a minute.
"""

import math
from dataclasses import dataclass

UP, DOWN, CALM = 0.9, 0.6, 5
SMOOTH = 0.5
"""weight of the newest window in the average"""
FEWEST = 4
"""frames"""
LEAP = 2
"""levels that one window may bring down, and that a missed deadline takes up"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a window may have at a level."""

    level: int
    words: float
    """of those that the window could carry"""
    frames: int
    seconds: float
    """to wait for before the engine is asked"""


class Controller:
    def __init__(self, *, seconds: float, frames: int, longest: float) -> None:
        self._seconds, self._frames, self._longest = seconds, frames, max(longest, seconds)
        self.level = 0
        self.load = 0.0
        self._calm = 0
        self.highest = 2 + max(0, math.ceil(math.log2(self._longest / seconds) - 1e-9))

    def allowance(self) -> Allowance:
        return Allowance(
            level=self.level,
            words=0.5 if self.level >= 1 else 1.0,
            frames=max(min(FEWEST, self._frames), self._frames // 2) if self.level >= 2 else self._frames,
            seconds=min(self._seconds * 2.0 ** max(0, self.level - 2), self._longest),
        )

    def answered(self, engine: float) -> int:
        """The engine took so many seconds, from asked to answered. The level from now on."""
        newest = engine / self.allowance().seconds
        self.load += (newest - self.load) * SMOOTH
        if self.load > UP and newest > DOWN:
            self._up(1)
            return self.level
        room = next((levels for levels in range(LEAP, 0, -1) if newest * 2**levels <= DOWN), 0)
        if room >= 1:
            self.level, self.load, self._calm = max(0, self.level - room), min(self.load, DOWN), 0
        elif newest < DOWN:
            self._calm += 1
            if self._calm >= CALM:
                self.level, self._calm = max(0, self.level - 1), 0
        else:
            self._calm = 0
        return self.level

    def missed(self) -> int:
        """A deadline passed. The level from now on."""
        self._up(LEAP)
        return self.level

    def gave_way(self) -> int:
        """Another stream needs the engine more. The level from now on."""
        self._up(1)
        return self.level

    def _up(self, levels: int) -> None:
        self._calm = 0
        self.load = min(self.load, UP)  # what was measured was measured at another level
        self.level = min(self.level + levels, self.highest)
