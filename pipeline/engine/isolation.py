"""Which request kills the engine: found by halves, among those that were in flight in two of its deaths.

    death 1   a b c d e f        in flight: any of them, or all of them together
    death 2     b c d   f g      in both: b c d f are examined, all others wait
    [b c] alone: answered        [d f] alone: the engine dies
    [d] alone: answered          [f] alone: the engine dies: it was f

One that is alone in the engine when that dies is named. Where no half kills it, it was the load, and all go on.
"""

import asyncio
from collections import deque


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
        if self._current:
            group = [case for case in self._current if case in self.flying]
            if len(group) == 1 and works:
                group.pop().guilty = True
        else:
            group = [case for case in self.flying if case.deaths > 1]
        self._current.clear()
        half = (len(group) + 1) // 2
        self._groups += [part for part in (group[:half], group[half:]) if part]  # behind what waits: that answers meanwhile
        self.flying.clear()
        self._next()

    def _next(self) -> None:
        while not self._current and self._groups:
            self._current = set(self._groups.popleft())
        self._changed.set()
