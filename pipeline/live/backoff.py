"""How long to wait before a lost source is tried again. Pure but for its dice.

    gone for less than a minute     up to SOON seconds apart: a camera that starts anew is back within that, and is not waited for
    for longer                      twice as long each time, up to MOST
    reasons in FLOORS               never sooner than their own floor
    a sender is waited for          LISTEN at most: whoever knocked meanwhile would find nobody at the door; but where there is no door

Full jitter: a whole site's cameras come back at once after a power cut, and should not be asked at once.
"""

import random
from collections.abc import Callable

FIRST, SOON, MOST, LISTEN = 0.2, 1.5, 30.0, 0.5
OUTAGE = 60.0
"""seconds of a loss after which a source is tried less often"""
HEALTHY = 15.0
"""seconds of a connection with pictures after which a loss is a first one again"""

FLOORS = {
    "not_authorized": (30.0, 300.0),
    "not_found": (10.0, 300.0),
    "no_video_stream": (10.0, 300.0),
    "no_decoder": (10.0, 300.0),
    "host_refused": (10.0, 300.0),
    "stream_encrypted": (10.0, 300.0),
    "bad_playlist": (5.0, 300.0),
    "port_taken": (2.0, MOST),
}
"""reason -> shortest and longest wait: cameras lock accounts that fail too often, and what is not there is not there soon"""
NO_DOOR = "port_taken"
"""the reason for which no sender can come, and may be a matter of who else runs here"""


class Backoff:
    def __init__(self, *, listens: bool = False, dice: Callable[[], float] = random.random) -> None:
        """``listens``: the source comes to us, and nobody is asked too often."""
        self.tries, self._listens = 0, listens
        self._since_long = 0
        """tries since the source was gone for OUTAGE"""
        self._dice = dice

    def failed(self, reason: str, gone: float) -> float:
        """One try failed, ``gone`` seconds after the last picture (or the start). Seconds until the next."""
        shortest, longest = FLOORS.get(reason, (0.0, MOST))
        if shortest:
            ceiling = min(shortest * 2.0 ** min(self.tries, 20), longest)
        elif gone < OUTAGE:
            ceiling = min(FIRST * 2.0 ** min(self.tries, 20), SOON)
        else:
            self._since_long += 1
            ceiling = min(SOON * 2.0 ** min(self._since_long, 20), longest)
        self.tries += 1
        if self._listens and reason != NO_DOOR:
            return min(LISTEN, max(0.1, ceiling * self._dice()))
        return max(shortest, 0.1, ceiling * self._dice())

    def healthy(self) -> None:
        """The source gave pictures for HEALTHY seconds."""
        self.tries = self._since_long = 0
