"""The stream's time, accounted for: every second is described, unchanged, a gap or offline, once. Pure.

    told    [0,4) caption   [8,12) gap   [4,8) caption      in any order, as answers come
    given   [0,4) caption   [4,8) caption   [8,12) gap      in order of time, without holes

An event that is told early waits for what is before it, at most as long as a window's deadline.
"""

import heapq
from collections import Counter
from typing import Any

EPSILON = 1e-6
KINDS = ("caption", "unchanged", "gap", "offline")


class Ledger:
    def __init__(self) -> None:
        self.edge = 0.0
        """all before it was given"""
        self.seconds: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        """what was given, by kind"""
        self._early: list[tuple[float, int, dict[str, Any]]] = []
        self._count = 0

    def tell(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """One stretch's event, with ``event`` (its kind), ``start`` and ``end``. Answers what may be given now.

        Raises ValueError where a stretch was told already: that is a mistake of ours.
        """
        if event["start"] < self.edge - EPSILON:
            raise ValueError(f"{event['event']} [{event['start']:.3f}, {event['end']:.3f}) was told up to {self.edge:.3f}")
        self._count += 1
        heapq.heappush(self._early, (event["start"], self._count, event))
        given: list[dict[str, Any]] = []
        while self._early and self._early[0][0] <= self.edge + EPSILON:
            _, _, first = heapq.heappop(self._early)
            if first["start"] < self.edge - EPSILON:
                raise ValueError(f"{first['event']} [{first['start']:.3f}, {first['end']:.3f}) was told up to {self.edge:.3f}")
            self.seconds[first["event"]] += first["end"] - first["start"]
            self.edge = max(self.edge, first["end"])
            given.append(first)
        return given

    @property
    def waiting(self) -> int:
        """Events that wait for what is before them."""
        return len(self._early)
