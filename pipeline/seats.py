"""Who may read, and how many films may be under way: a film gives its reading place up when its last window is read.

    take  ->  reading ---- all windows read ---->  answers come, files are written  ->  leave
              at most ``reading`` films            at most ``begun`` films in all

A clip of three seconds is one window. Were its place kept until its answer is there, an engine that takes 256 windows at once
would see as many as there are decoders.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class Seat:
    """One film's place, to be given up in two steps."""

    def __init__(self, seats: "Seats") -> None:
        self._seats = seats
        self._reading = self._begun = True

    def done_reading(self) -> None:
        """Nothing more is read of this film. Harmless when repeated."""
        if self._reading:
            self._reading = False
            self._seats.reading -= 1
            self._seats.freed()

    def leave(self) -> None:
        """The film is over. Harmless when repeated."""
        self.done_reading()
        if self._begun:
            self._begun = False
            self._seats.begun -= 1
            self._seats.freed()


class Seats:
    """Places for ``most_reading`` films being read and ``most_begun`` under way; all methods belong to one event loop."""

    def __init__(self, most_reading: int, most_begun: int) -> None:
        self.most_reading, self.most_begun = most_reading, most_begun
        self.reading = self.begun = 0
        self.on_free: list[Callable[[], None]] = []
        """told whenever a place may be had again"""
        self._waiting: deque[asyncio.Future[Seat]] = deque()

    @property
    def free(self) -> bool:
        """Whether one more film may be begun."""
        return self.reading < self.most_reading and self.begun < self.most_begun

    def try_take(self) -> Seat | None:
        """A place, or None where there is none."""
        if not self.free:
            return None
        self.reading += 1
        self.begun += 1
        return Seat(self)

    async def take(self) -> Seat:
        """A place, as soon as there is one; first come, first served."""
        if not self._waiting and (seat := self.try_take()) is not None:
            return seat
        turn: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # given and cancelled at once
                turn.result().leave()
            raise

    def freed(self) -> None:
        """Give what is free to those who wait. Called by places that are given up."""
        while self._waiting and self.free:
            turn = self._waiting.popleft()
            if not turn.done() and (seat := self.try_take()) is not None:
                turn.set_result(seat)
        if self.free:
            for told in self.on_free:
                told()
