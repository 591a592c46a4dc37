"""Requests that are under way at once: fewer, for the rest of a run, where a server does not come to so many in time.

16 -> 8 -> 4 -> 2 -> 1     Ollama, LM Studio, llama.cpp -np 1: a queue of one at a time, and no byte of an answer before its turn
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

log = logging.getLogger("models.engines.openai.endpoint")


@dataclass(frozen=True, slots=True)
class Begun:
    """What held when an attempt began."""

    answered: int
    late: int


class Seats:
    """So many, counted for ``metrics``. ``tell_once`` warns of what holds for all of a run."""

    def __init__(self, seats: int, server: str, tell_once: Callable[[str], None]) -> None:
        self.allowed = seats
        self.running = self.waiting = self.answered = 0
        self.silent = 0
        """times that nothing came in time, one after another and all since the last answer of any request"""
        self._late = 0
        self._owed = 0
        """seats to be taken away as soon as they are given back"""
        self.server, self._tell_once, self._all = server, tell_once, seats
        self._free = asyncio.Semaphore(seats)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def again(self) -> None:
        """Give the caller's seat back and wait for another: whoever is asked again queues as the others do."""
        self._leave()
        try:
            await self._enter()
        except BaseException:  # the block of ``one`` gives a seat back that is not held: it counts as none
            self._owed += 1
            self.running += 1
            raise

    def begun(self) -> Begun:
        """To be asked before each attempt."""
        return Begun(self.answered, self._late)

    def answer(self) -> None:
        """The server has answered a request."""
        self.answered += 1
        self.silent = 0

    def late(self, begun: Begun) -> None:
        """An attempt got no byte in time. Those that began with it are late for the same reason: seats are taken once for all of them."""
        if begun.late < self._late:
            return
        self._late += 1
        self.silent = self.silent + 1 if begun.answered == self.answered else 0
        if self.allowed == 1:
            return
        self._owed += self.allowed - self.allowed // 2
        self._tell_once(
            f"{self.server} does not come to {self._all} requests in time (--max-num-seqs): fewer are under way at once from now on,"
            " half as many each time, one at last; of a server that works at one after another --max-num-seqs 1 asks so from the start"
        )
        self.allowed //= 2
        log.info("%s: %d at once from now on", self.server, self.allowed)

    async def _enter(self) -> None:
        self.waiting += 1
        try:
            while self._owed and not self._free.locked():  # one that was free when it was to be taken away
                self._owed -= 1
                await self._free.acquire()
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.running += 1

    def _leave(self) -> None:
        self.running -= 1
        if self._owed:
            self._owed -= 1
        else:
            self._free.release()
