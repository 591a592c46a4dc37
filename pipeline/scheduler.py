"""Who may read, how many films may be under way, and the tasks that do it: for ``caption`` and for ``watch``.

    begin  ->  reading ---- all windows read ---->  answers come, files are written  ->  over
               at most ``reading`` films            at most ``under_way`` films in all

A clip of three seconds is one window. Were its place kept until its answer is there, an engine that takes 256 windows at once
would see as many as there are decoders.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """How many films at once."""

    reading: int
    under_way: int
    """read, or waiting for answers, or being written; each holds a journal open"""


class ReadingPlace(Protocol):
    """A place among those that read; a Seat is one."""

    def done_reading(self) -> None:
        """Nothing more is read: another may. Harmless when repeated."""

    async def read_again(self) -> None:
        """Wait for a place anew."""


class Seat:
    """One film's place, given up in two steps."""

    def __init__(self, scheduler: "Scheduler") -> None:
        self._scheduler = scheduler
        self._reading = self._under_way = True

    def done_reading(self) -> None:
        """Nothing more is read of this film. Harmless when repeated."""
        if self._reading:
            self._reading = False
            self._scheduler.reading -= 1
            self._scheduler._freed()

    async def read_again(self) -> None:
        """The film is read once more: wait for a reading place, before films that are not begun. It keeps one that it has."""
        if not self._reading:
            await self._scheduler._reading_place()
            self._reading = True

    def leave(self) -> None:
        """The film is over. Harmless when repeated."""
        self.done_reading()
        if self._under_way:
            self._under_way = False
            self._scheduler.under_way -= 1
            self._scheduler._freed()


Work = Callable[[Seat], Coroutine[None, None, None]]
"""one film from beginning to end, in a seat that the scheduler takes back"""


class Scheduler:
    """Runs the work of films within ``limits``. All methods belong to one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.reading = self.under_way = 0
        self.on_free: list[Callable[[], None]] = []
        """told whenever a place may be had again, and whenever work is over"""
        self._again: deque[asyncio.Future[None]] = deque()
        self._waiting: deque[asyncio.Future[Seat]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Films under way, and those that are over and not yet gathered."""
        return len(self._running)

    @property
    def free(self) -> bool:
        """Whether one more film may be begun."""
        return not self._again and self.reading < self.limits.reading and self.under_way < self.limits.under_way

    def resize(self, limits: Limits) -> None:
        """Other limits from now on; what is under way stays."""
        self.limits = limits
        self._freed()

    async def begin(self, work: Work) -> None:
        """Let work run as soon as there is a place, first come, first served. Raises what work that is over raised."""
        self._start(work, await self._take())
        self.gather()

    def try_begin(self, work: Work) -> bool:
        """The same, where there is a place now; whether there was."""
        seat = self._try_take()
        if seat is not None:
            self._start(work, seat)
        return seat is not None

    def gather(self) -> None:
        """Forget what is over. Raises the first error of it: under these settings nothing can be described."""
        for task in [task for task in self._running if task.done()]:
            self._running.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def all_done(self) -> None:
        """Until nothing runs. Raises the first error of what ran, at once."""
        while self._running:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            self.gather()

    async def give_back(self, *, grace: float = 0.0, patience: float | None = None) -> None:
        """Let what is nearly done be done within ``grace`` seconds, and cancel the rest, which ends within ``patience``."""
        if self._running and grace:
            await asyncio.wait(self._running, timeout=grace)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        for task in self._running:
            if task.done() and not task.cancelled():
                task.exception()  # looked at: the end is no time to complain
        self._running.clear()

    def _start(self, work: Work, seat: Seat) -> None:
        task = asyncio.create_task(work(seat))
        self._running.add(task)

        def over(_: "asyncio.Task[None]") -> None:
            seat.leave()  # here, not in the work: a task that is cancelled before it begins leaves too
            self._tell()

        task.add_done_callback(over)

    def _try_take(self) -> Seat | None:
        if not self.free:
            return None
        self.reading += 1
        self.under_way += 1
        return Seat(self)

    async def _take(self) -> Seat:
        if not self._waiting and (seat := self._try_take()) is not None:
            return seat
        turn: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # given and cancelled at once
                turn.result().leave()
            raise

    async def _reading_place(self) -> None:
        if self.reading < self.limits.reading and not self._again:
            self.reading += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._again.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.reading -= 1
            self._freed()
            raise

    def _freed(self) -> None:
        """Give what is free to those who wait: first to films that are read once more."""
        while self._again and (self._again[0].done() or self.reading < self.limits.reading):
            again = self._again.popleft()
            if not again.done():
                self.reading += 1
                again.set_result(None)
        while self._waiting and self.free:
            turn = self._waiting.popleft()
            if not turn.done() and (seat := self._try_take()) is not None:
                turn.set_result(seat)
        if self.free:
            self._tell()

    def _tell(self) -> None:
        for told in self.on_free:
            told()
