"""Which request kills the engine: found in two steps, among those that were in flight in two of its deaths.

    death 1   a b c d e f ...    in flight: any of them, or all of them together
    death 2     b c d   f g ...  in both: b c d f ... are examined in parts of the root of their number, all others wait
    [b c] alone: answered        [d f] alone: death 3
    [d] alone: answered          [f] alone: death 4: it was f

One that is alone in the engine when that dies is named. Where no part kills it, it was the load, and all go on. A start of an engine takes
as long as tens of answers, so what is saved is deaths, not questions: halves would take nine of 384.
"""

import asyncio
import math
from collections import deque

FEW = 8
"""so many suspects are asked one by one at once"""


class Case:
    """One request, through the engine's deaths."""

    __slots__ = ("deaths", "guilty")

    def __init__(self) -> None:
        self.deaths = 0
        """those in which it was in flight"""
        self.guilty = False


class Isolation:
    """Who may be asked while it is examined which request kills the engine. All methods belong to one event loop."""

    def __init__(self) -> None:
        self.flying: dict[Case, None] = {}
        """requests that the engine works on"""
        self._groups: deque[list[Case]] = deque()
        self._current: set[Case] = set()
        self._changed = asyncio.Event()

    @property
    def active(self) -> bool:
        """Whether a group is being examined."""
        return bool(self._current)

    async def turn(self, case: Case) -> None:
        """Wait until this request may be asked."""
        while self._current and case not in self._current:
            self._changed.clear()
            await self._changed.wait()

    def over(self, case: Case) -> None:
        """A request was answered, refused or given up: it killed nobody."""
        self.flying.pop(case, None)
        if case in self._current:
            self._current.discard(case)
            self._next()
        for group in self._groups:
            if case in group:
                group.remove(case)

    def died(self, *, works: bool) -> None:
        """The engine died with what is flying. ``works``: it has answered something before; else nobody is to blame but itself."""
        for case in self.flying:
            case.deaths += 1
        size = 1
        if self._current:
            group = [case for case in self._current if case in self.flying]
            if len(group) == 1 and works:
                group.pop().guilty = True
        else:
            group = [case for case in self.flying if case.deaths > 1]
            if len(group) > FEW:
                size = math.isqrt(len(group))
        self._current.clear()
        # behind what waits: that answers meanwhile
        self._groups += [group[start : start + size] for start in range(0, len(group), size)]
        self.flying.clear()
        self._next()

    def _next(self) -> None:
        while not self._current and self._groups:
            self._current = set(self._groups.popleft())
        self._changed.set()
