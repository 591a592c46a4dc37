"""A circuit breaker: a full disk, a share that is gone, an engine that is down stand in the way of every film, and pass.

closed -- trip --> open: no film is begun for 2, 4, 8 ... 60 s --> half-open: one film probes -- it works, reset --> closed
                     ^                                                          |
                     `------------------------- trip ---------------------------'
"""

import time
from collections.abc import Callable

from pipeline import log as logs
from pipeline.errors import EnvironmentFault
from pipeline.watch.timings import Timings

FATAL = frozenset({"engine_missing", "state_damaged"})
"""faults that no waiting mends: the daemon ends, the queue stays"""

log = logs.get(__name__)


class Breaker:
    """Whether films may be begun, and how many."""

    def __init__(self, timings: Timings | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.fault: EnvironmentFault | None = None
        """what is in the way; None while closed"""
        self.until = 0.0
        """when it is half-open, on the clock"""
        self._timings, self._clock = timings or Timings(), clock
        self._trips = 0
        self._code = ""
        self._since = self._said = float("-inf")

    @property
    def is_open(self) -> bool:
        """No film is to be begun now."""
        return self.fault is not None and self._clock() < self.until

    @property
    def may_probe(self) -> bool:
        """Half-open: one film, alone, may be begun to see whether it goes again."""
        return self.fault is not None and not self.is_open

    def trip(self, fault: EnvironmentFault) -> None:
        """Open it. Several films that meet the same fault at once make one wait.

        Raises the fault itself where no waiting mends it (FATAL).
        """
        if fault.code in FATAL:
            raise fault
        now = self._clock()
        if self.fault is None:
            self._since, self._trips = now, 0
        if self._code != fault.code:
            self._code, self._said = fault.code, float("-inf")
        if now >= self.until:
            self.until = now + min(self._timings.probe_first * 2**self._trips, self._timings.probe_longest)
            self._trips += 1
        self.fault = fault
        self.remind()

    def reset(self) -> None:
        """Close it: a film was described, so whatever it was is over."""
        if self.fault is not None:
            log.info("going on", after_seconds=round(self._clock() - self._since), reason=self.fault.code)
        self.fault, self.until = None, 0.0

    def remind(self) -> None:
        """Say what is waited for, once a minute."""
        if self.fault is not None and self._clock() >= self._said + self._timings.remind:
            self._said = self._clock()
            log.warning(
                "waiting", reason=self.fault.code, message=self.fault.message, for_seconds=round(self._said - self._since)
            )
