"""What waits for the engine: windows of one stream that follow each other, ``most`` seconds of them in all. Pure.

waits [0, 4)           comes [4, 8)    -> waits [0, 4) [4, 8)           taken one by one, or together as [0, 8)
waits [0, 4) .. 28)    comes [28, 32)  -> waits [4, 8) .. 32)           and [0, 4) is given up

How many are taken together says who asks (``together``): all of them where the engine is slow, so that one question is behind and no
more; one by one where all that waits is answered within a window's time, so that nothing is passed over that came at once.
"""

import math
from collections import deque
from dataclasses import dataclass

from pipeline.types import Span

EPSILON = 1e-6


@dataclass(slots=True)
class Waiting:
    """A window to be asked about."""

    start: float
    end: float
    merged: int = 1
    """windows in it"""


class Mailbox:
    def __init__(self, most: float) -> None:
        self.most = most
        self._waiting: deque[Span] = deque()

    def put(self, span: Span) -> list[Span]:
        """A window later than all before it. Answers what is given up for it, oldest first.

        One that does not begin where those that wait end does not wait with them: what was between them is told of already.
        """
        start, end = span
        lost: list[Span] = []
        if self._waiting and start > self._waiting[-1][1] + EPSILON:
            lost += self.clear()
        self._waiting.append(span)
        cut = end - self.most
        begin = self._waiting[0][0]
        if begin < cut - EPSILON:
            while self._waiting[0][1] <= cut + EPSILON:
                self._waiting.popleft()
            self._waiting[0] = (cut, self._waiting[0][1])
            lost.append((begin, cut))
        return lost

    def take(self, together: int | None = None) -> Waiting | None:
        """The oldest that wait, so many of them as one window, all without a number."""
        if not self._waiting:
            return None
        count = len(self._waiting) if together is None else min(together, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        return Waiting(taken[0][0], taken[-1][1], count)

    def clear(self) -> list[Span]:
        """Give up what waits."""
        waiting = self.take()
        return [(waiting.start, waiting.end)] if waiting is not None else []

    @property
    def seconds(self) -> float:
        """Seconds that wait."""
        return self._waiting[-1][1] - self._waiting[0][0] if self._waiting else 0.0

    def __len__(self) -> int:
        return len(self._waiting)


def together(count: int, engine: float | None, window: float) -> int:
    """How many of ``count`` windows that wait to ask about at once, for all to be answered within about ``window`` seconds.

    ``engine``: seconds of the last answer; None before there was one: then one is asked about to know.
    """
    questions = count if not engine else max(1, math.floor(window / engine))
    return math.ceil(count / questions)
