"""How fast a run goes, and how much longer at that speed: by what its items weigh, since a film is worth hundreds of pictures."""

SPEED = 30.0
"""seconds over which the speed is told"""


class Pace:
    """Told again and again how much is done."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, int, float]] = []

    def mark(self, now: float, items: int, weight: float) -> None:
        """So many items, which weigh so much, are done at this time (seconds)."""
        self._marks = [*(mark for mark in self._marks if now - mark[0] <= SPEED), (now, items, weight)]

    @property
    def speed(self) -> float:
        """Items a second, lately."""
        return self._by(1)

    def left(self, weight: float) -> float | None:
        """Seconds that what weighs so much takes; None where nobody can say."""
        speed = self._by(2)
        return max(0.0, weight) / speed if speed > 0 else None

    def _by(self, column: int) -> float:
        if len(self._marks) < 2:
            return 0.0
        first, last = self._marks[0], self._marks[-1]
        return max(0.0, (last[column] - first[column]) / max(last[0] - first[0], 1e-6))
