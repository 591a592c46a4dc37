"""Admission: which requests may be in flight, and the clock that says what a run waited for.

question   q q      -+
live       l         +-> the highest class that waits; inside it owners take turns -> in flight (count, bytes) -> model
caption    A: a a a  |
           B: b     -+   a b a a, not a a a b

A lower class never starves: after TURNS requests of higher ones the next place is its own, as long as it has less than SHARE of
all places (docs/decisions/0126).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from pipeline.engine.line import Line, Turn

TURNS = 3
"""requests of higher classes that are admitted before one that waits in a lower class: it gets one of four places that become free"""
SHARE = 1 / 4
"""of all places, up to which a lower class has that right, and one place at least; what it has beyond that it has because no higher
class wanted it"""


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

    def run_held_back_by(self, seconds: float, writing: float) -> str:
        """The same of a whole run of ``seconds``, of which files (and burned films) were being written for ``writing``, summed over
        films: ``writing`` where most of the run passed while nothing was left to read or to ask."""
        after = min(seconds - self.hungry - self.fed, writing)
        return "writing" if after > max(self.hungry, self.fed) else self.held_back_by


class Place:
    """Room in the engine for so many bytes. A context manager; ``leave`` gives it back, harmless when repeated.

    ``priority``: what the model's own scheduler is told: the request's, but QUESTION for one that was admitted by its class's share, or
    it would be passed over once more in there.
    """

    __slots__ = ("_gate", "_held", "_line", "nbytes", "priority")

    def __init__(self, gate: "Gate", line: Line, nbytes: int, priority: Priority) -> None:
        self._gate, self._line, self.nbytes, self.priority, self._held = gate, line, nbytes, priority, True

    def leave(self) -> None:
        if self._held:
            self._held = False
            self._gate._left(self._line, self.nbytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


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
        self._lines = {priority: Line() for priority in sorted(Priority)}
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
        turn = Turn(nbytes, asyncio.get_running_loop().create_future())
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

    def _left(self, line: Line, nbytes: int) -> None:
        self._tick()
        line.held -= 1
        self.count -= 1
        self.nbytes -= nbytes
        self._admit()
        self._changed()

    def _admit(self) -> None:
        while (found := self._next()) is not None:
            priority, line, due = found
            turn = line.first()
            if not turn.admitted.cancelled():
                rank = Priority.QUESTION if due else priority
                if self.count and not self._has_room(turn.nbytes, question=rank is Priority.QUESTION):
                    return
                self.count += 1
                self.nbytes += turn.nbytes
                self.peak_count = max(self.peak_count, self.count)
                self.peak_nbytes = max(self.peak_nbytes, self.nbytes)
                line.held += 1
                line.passed = 0
                for lower in (other for its, other in self._lines.items() if its > priority and other.owners):
                    lower.passed += 1
                turn.admitted.set_result(Place(self, line, turn.nbytes, rank))
                self._changed()
            line.take()

    def _next(self) -> tuple[Priority, Line, bool] | None:
        """The class whose turn it is, and whether that is so by its share; None where nobody waits."""
        waiting = [(priority, line) for priority, line in self._lines.items() if line.owners]
        most = max(1, int(SHARE * self.limit))
        due = [(priority, line) for priority, line in waiting[1:] if line.passed >= TURNS and line.held < most]
        if due:
            return *max(due, key=lambda one: one[1].passed), True
        return (*waiting[0], False) if waiting else None

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
