"""How long to wait before a lost source is tried again. Pure but for its dice.

Full jitter: a whole site's cameras come back at once after a power cut, and should not be asked at once.
"""

import random
from collections.abc import Callable

FIRST, MOST = 0.5, 30.0
HEALTHY = 60.0
"""seconds of frames after which a loss is a first one again"""

FLOORS = {
    "not_authorized": (30.0, 300.0),
    "not_found": (10.0, 300.0),
    "no_video_stream": (10.0, 300.0),
    "no_decoder": (10.0, 300.0),
}
"""reason -> shortest and longest wait: cameras lock accounts that fail too often, and what is not there is not there soon"""


class Backoff:
    def __init__(self, *, dice: Callable[[], float] = random.random) -> None:
        self.tries = 0
        self._dice = dice

    def failed(self, reason: str) -> float:
        """One try failed. Seconds until the next."""
        shortest, longest = FLOORS.get(reason, (0.0, MOST))
        ceiling = min(max(FIRST, shortest) * 2.0 ** min(self.tries, 20), longest)
        self.tries += 1
        return max(shortest, ceiling * self._dice()) if shortest else max(0.1, ceiling * self._dice())

    def healthy(self) -> None:
        """The source has given frames for HEALTHY seconds."""
        self.tries = 0
