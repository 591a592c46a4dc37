"""The bounds on what is in flight, and the clock that says what a run waited for."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


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


class Gate:
    """Admits windows while both their count and their bytes are under their bounds, first come first served.

    A window larger than the byte bound is admitted when nothing else is in flight, or it would wait for ever. All methods
    belong to one event loop.

        films      A: wwwww -+                 in flight (count <= limit, bytes <= bound)
                   B: ww    -+-> queue -> gate -> [ w w w w w ] -> engine
                   C: www   -+   (fair: each film has one window in the queue)
    """

    def __init__(self, count: int, nbytes: int) -> None:
        self.limit = count
        self.bound = nbytes
        self.count = 0
        self.nbytes = 0
        self.peak_count = 0
        self.peak_nbytes = 0
        self.clock = Clock()
        self.on_change: list[Callable[[], None]] = []
        """told after each admission and each answer"""
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.awake = False
        """whether there is an engine that could work: the clock stands still while it loads"""
        self._reading = 0
        self._since = time.monotonic()

    @property
    def waiting(self) -> int:
        """Windows that are decoded and wait for room."""
        return len(self._queue)

    @property
    def low_water(self) -> int:
        """Fewer windows than this in flight, and the engine is counted as hungry."""
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

    @asynccontextmanager
    async def pass_through(self, nbytes: int) -> AsyncIterator[None]:
        """Wait for admission; leaving the block makes room."""
        await self.enter(nbytes)
        try:
            yield
        finally:
            self.leave(nbytes)

    async def enter(self, nbytes: int) -> None:
        """Wait until a window of this many bytes may be in flight."""
        self._tick()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((nbytes, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted and cancelled at once: give the place back
                self.leave(nbytes)
            else:
                self._queue = deque(item for item in self._queue if item[1] is not turn)
                self._admit()
            raise

    def leave(self, nbytes: int) -> None:
        """A window is answered."""
        self._tick()
        self.count -= 1
        self.nbytes -= nbytes
        self._admit()
        self._changed()

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

    def _admit(self) -> None:
        while self._queue:
            nbytes, turn = self._queue[0]
            if turn.cancelled():
                self._queue.popleft()
                continue
            if self.count and (self.count >= self.limit or self.nbytes + nbytes > self.bound):
                return
            self._queue.popleft()
            self.count += 1
            self.nbytes += nbytes
            self.peak_count = max(self.peak_count, self.count)
            self.peak_nbytes = max(self.peak_nbytes, self.nbytes)
            turn.set_result(None)
            self._changed()

    def _changed(self) -> None:
        for told in self.on_change:
            told()

    def _tick(self) -> None:
        now = time.monotonic()
        passed, self._since = now - self._since, now
        if not self.awake:
            return
        if self._reading and self.count < self.low_water:
            self.clock.hungry += passed
        elif self.count:
            self.clock.fed += passed
            if self._queue:
                self.clock.full += passed
