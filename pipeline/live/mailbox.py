"""What waits for the engine: one window a stream. A second one is merged into it, so that the queue is one by construction. Pure.

waits [0, 4)   comes [4, 8)    -> waits [0, 8)
waits [0, 28)  comes [28, 32)  -> waits [4, 32) and [0, 4) is given up: no window is longer than ``most``
"""

from dataclasses import dataclass

from pipeline.types import Span

EPSILON = 1e-6


@dataclass(slots=True)
class Waiting:
    """A window that waits."""

    start: float
    end: float
    merged: int = 1
    """windows in it"""


class Mailbox:
    def __init__(self, most: float) -> None:
        self.most = most
        self._waiting: Waiting | None = None

    def put(self, span: Span) -> list[Span]:
        """A window later than all before it. Answers what is given up for it, oldest first.

        One that does not begin where the one that waits ends is not merged with it: what was between them is told of already.
        """
        start, end = span
        lost: list[Span] = []
        waiting = self._waiting
        if waiting is not None and start > waiting.end + EPSILON:
            lost.append((waiting.start, waiting.end))
            waiting = None
        waiting = Waiting(start, end) if waiting is None else Waiting(waiting.start, end, waiting.merged + 1)
        if waiting.end - waiting.start > self.most + EPSILON:
            cut = waiting.end - self.most
            lost.append((waiting.start, cut))
            waiting.start = cut
        self._waiting = waiting
        return lost

    def take(self) -> Waiting | None:
        """What waits, to be asked now."""
        waiting, self._waiting = self._waiting, None
        return waiting

    def clear(self) -> list[Span]:
        """Give up what waits."""
        waiting = self.take()
        return [(waiting.start, waiting.end)] if waiting is not None else []

    @property
    def seconds(self) -> float:
        """Seconds that wait."""
        return self._waiting.end - self._waiting.start if self._waiting is not None else 0.0
