"""Admission: which requests may be in flight, and the clock that says what a run waited for.

question   q q      -+
live       l         +-> the highest class that waits; inside it owners take turns -> in flight (count, bytes) -> model
caption    A: a a a  |
           B: b     -+   a b a a, not a a a b
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self


class Priority(IntEnum):
    """Who goes first where both wait. A request that is in flight is never taken out for another."""

    QUESTION = 0
    """somebody waits for the answer"""
    LIVE = 1
    """a stream that goes on whether it is described or not"""
    CAPTION = 2
    """films, which wait as long as it takes"""


@dataclass(slots=True)
class Clock:
    """Seconds by state of the engine, summed while films are being described."""

    hungry: float = 0.0
    """a film was being read and the engine had less than its low-water mark"""
    fed: float = 0.0
    """the engine had work, and enough of it or no film left to read"""
    full: float = 0.0
    """part of ``fed``: decoded windows waited at the gate"""

    @property
    def held_back_by(self) -> str:
        return "decode" if self.hungry > self.fed else "engine"


class Place:
    """Room in the engine for so many bytes. A context manager; ``leave`` gives it back, harmless when repeated."""

    __slots__ = ("_gate", "_held", "nbytes")

    def __init__(self, gate: "Gate", nbytes: int) -> None:
        self._gate, self.nbytes, self._held = gate, nbytes, True

    def leave(self) -> None:
        if self._held:
            self._held = False
            self._gate._left(self.nbytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


@dataclass(slots=True, eq=False)
class _Turn:
    """One request that waits."""

    nbytes: int
    admitted: "asyncio.Future[Place]"


@dataclass(slots=True)
class _Line:
    """Those who wait in one class: owners take turns, each owner's requests are first come first served."""

    owners: dict[Hashable, deque[_Turn]] = field(default_factory=dict)

    def add(self, owner: Hashable, turn: _Turn) -> None:
        self.owners.setdefault(owner, deque()).append(turn)

    def first(self) -> _Turn:
        return next(iter(self.owners.values()))[0]

    def take(self) -> None:
        """The first was admitted: its owner goes to the end."""
        owner, turns = next(iter(self.owners.items()))
        turns.popleft()
        del self.owners[owner]
        if turns:
            self.owners[owner] = turns

    def drop(self, owner: Hashable, turn: _Turn) -> None:
        """One gave up waiting; its owner keeps its turn for what else it has."""
        turns = self.owners.get(owner)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self.owners[owner]

    def __len__(self) -> int:
        return sum(map(len, self.owners.values()))


class Gate:
    """Admits requests while both their count and their bytes are under their bounds.

    One that is larger than the byte bound is admitted when nothing else is in flight, or it would wait for ever. Nobody is let
    past the first of the line because he is small: large ones would starve. All methods belong to one event loop.

    ``reserve``: the part of both bounds that is kept for questions. An engine whose places are all taken by windows takes no question,
    whatever its priority, before a window is done: seconds, where they were all begun together.
    """

    def __init__(self, count: int, nbytes: int, *, reserve: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.limit = count
        self.bound = nbytes
        self.reserve = reserve
        self.count = 0
        self.nbytes = 0
        self.peak_count = 0
        self.peak_nbytes = 0
        self.clock = Clock()
        self.on_change: list[Callable[[], None]] = []
        """told after each admission and each answer"""
        self.awake = False
        """whether there is an engine that could work: the clock stands still while it loads"""
        self._lines = {priority: _Line() for priority in sorted(Priority)}
        self._reading = 0
        self._now = now
        self._since = now()

    @property
    def waiting(self) -> int:
        """Requests that wait for room: decoded windows, mostly."""
        return sum(map(len, self._lines.values()))

    @property
    def low_water(self) -> int:
        """Fewer requests than this in flight, and the engine is counted as hungry."""
        return max(1, self.limit // 8)

    def wake(self, awake: bool = True) -> None:
        """The engine is ready, or it died."""
        self._tick()
        self.awake = awake

    def resize(self, count: int) -> None:
        """Change the bound on the count; what is in flight stays."""
        self._tick()
        self.limit = max(1, count)
        self._admit()

    async def admit(self, nbytes: int, *, priority: Priority = Priority.CAPTION, owner: Hashable = None) -> Place:
        """Wait until a request of this many bytes may be in flight. Those of one class and ``owner`` wait in line."""
        self._tick()
        turn = _Turn(nbytes, asyncio.get_running_loop().create_future())
        self._lines[priority].add(owner, turn)
        self._admit()
        try:
            return await turn.admitted
        except asyncio.CancelledError:
            if turn.admitted.done() and not turn.admitted.cancelled():  # admitted and cancelled at once
                turn.admitted.result().leave()
            else:
                self._lines[priority].drop(owner, turn)
                self._admit()
            raise

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Around the wait for a film's next window."""
        self._tick()
        self._reading += 1
        try:
            yield
        finally:
            self._tick()
            self._reading -= 1

    def _left(self, nbytes: int) -> None:
        self._tick()
        self.count -= 1
        self.nbytes -= nbytes
        self._admit()
        self._changed()

    def _admit(self) -> None:
        while (found := next(((priority, line) for priority, line in self._lines.items() if line.owners), None)) is not None:
            priority, line = found
            turn = line.first()
            if not turn.admitted.cancelled():
                if self.count and not self._has_room(turn.nbytes, question=priority is Priority.QUESTION):
                    return
                self.count += 1
                self.nbytes += turn.nbytes
                self.peak_count = max(self.peak_count, self.count)
                self.peak_nbytes = max(self.peak_nbytes, self.nbytes)
                turn.admitted.set_result(Place(self, turn.nbytes))
                self._changed()
            line.take()

    def _has_room(self, nbytes: int, *, question: bool) -> bool:
        kept = 0.0 if question else self.reserve
        return self.count < self.limit - int(kept * self.limit) and self.nbytes + nbytes <= self.bound * (1 - kept)

    def _changed(self) -> None:
        for told in self.on_change:
            told()

    def _tick(self) -> None:
        now = self._now()
        passed, self._since = now - self._since, now
        if not self.awake:
            return
        if self._reading and self.count < self.low_water:
            self.clock.hungry += passed
        elif self.count:
            self.clock.fed += passed
            if any(line.owners for line in self._lines.values()):
                self.clock.full += passed
