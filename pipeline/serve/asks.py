"""How many questions are answered or wait at once; one more is told at once to come again, and when."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.serve.faults import HttpError


class Asks:
    """All methods belong to one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.open = 0
        self.refused = 0
        self._seconds: deque[float] = deque(maxlen=100)

    @property
    def typical(self) -> float:
        """Seconds that the last questions took, on average."""
        return sum(self._seconds) / len(self._seconds) if self._seconds else 1.0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A question's place, as long as it is answered. Raises HttpError 429 ``too_many_asks``."""
        if self.open >= self.most:
            self.refused += 1
            raise HttpError(
                429, "too_many_asks", f"{self.open} questions are being answered, which is all that are taken at once",
                retry_after=max(1.0, self.typical),
            )  # fmt: skip
        self.open += 1
        began = time.monotonic()
        try:
            yield
        finally:
            self.open -= 1
            self._seconds.append(time.monotonic() - began)
