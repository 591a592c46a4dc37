"""The engine: all that is asked of a model goes through here, whoever asks.

    ask, stream  ->  gate: a place (priority, count, bytes)  ->  supervisor: alive?  ->  model
    admit        ->  a place for a reader, before it reads on; ``ask(place=...)`` uses it

A window is admitted before the next one is read, so what waits decoded is bounded: one window for each film that is read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace

from models.base import Captioner, Reply, Request
from pipeline.engine.gate import Clock, Gate, Place, Priority
from pipeline.engine.gauges import Gauges
from pipeline.engine.supervisor import Supervisor
from pipeline.errors import DeadlinePassed

GIB = 1024**3


class Engine:
    """One model, asked by many at once. An asynchronous context manager; all methods belong to one event loop.

    Errors are those of pipeline.errors alone: RequestError for one request, EnvironmentFault and UsageError where the model
    can't be had or can't go on.
    """

    def __init__(
        self, captioner: Captioner, *, in_flight: int | None = None, memory_bytes: int = 2 * GIB, reserve: float = 0.0
    ) -> None:
        """``in_flight``: requests at once, the captioner's own capacity where it is None; ``memory_bytes``: of their pictures;
        ``reserve``: part of both that is kept for questions."""
        self.captioner = captioner
        self.gauges = Gauges(captioner)
        self._gate = Gate(in_flight or captioner.capacity, memory_bytes, reserve=reserve)
        self._supervisor = Supervisor(captioner)
        self._gate.wake(self._supervisor.ready)
        self._supervisor.on_ready.append(self._gate.wake)
        self._supervisor.on_death.append(self._load_less)
        self._full = self._gate.limit
        self._supervisor.on_named.append(lambda: self._gate.resize(self._full))  # it was not the load

    async def ask(
        self,
        request: Request,
        *,
        priority: Priority = Priority.CAPTION,
        deadline: float | None = None,
        owner: Hashable = None,
        place: Place | None = None,
    ) -> Reply:
        """The reply to one request. Cancelling the call takes the request out of the engine, as a deadline does.

        ``deadline`` is a time on the event loop's clock. Requests of one ``owner`` (a film, a user) wait in line, owners take
        turns. ``place``: room that ``admit`` gave; it is not given back here.

        What stands in the request (history, schema, key) goes to the model as it is; its ``priority`` becomes that of its place.

        Raises RequestError (``request_refused``, ``prompt_too_long``), DeadlinePassed, EnvironmentFault, UsageError.
        """
        try:
            async with asyncio.timeout_at(deadline) as limit:
                if place is not None:
                    return await self._supervisor.ask(replace(request, priority=place.priority))
                with await self._gate.admit(size_of(request), priority=priority, owner=owner) as own:
                    return await self._supervisor.ask(replace(request, priority=own.priority))
        except TimeoutError:
            if limit.expired():
                raise _too_late() from None
            raise

    async def stream(
        self,
        request: Request,
        *,
        priority: Priority = Priority.QUESTION,
        deadline: float | None = None,
        owner: Hashable = None,
    ) -> AsyncIterator[str | Reply]:
        """The reply's text as it comes, and at the end the Reply; close it (``contextlib.aclosing``) to take the request out of the engine.

        Raises what ``ask`` raises. An engine that dies in the middle of an answer is EnvironmentFault ``engine_dead``.
        """
        try:
            async with asyncio.timeout_at(deadline) as limit:
                place = await self._gate.admit(size_of(request), priority=priority, owner=owner)
            with place:
                async with aclosing(self._supervisor.stream(replace(request, priority=place.priority))) as pieces:  # type: ignore[type-var]
                    while True:
                        # a deadline around each piece: around all of them it would strike whoever reads
                        async with asyncio.timeout_at(deadline) as limit:
                            try:
                                piece = await anext(pieces)
                            except StopAsyncIteration:
                                return
                        yield piece
        except TimeoutError:
            if limit.expired():
                raise _too_late() from None
            raise

    async def admit(self, nbytes: int, *, priority: Priority = Priority.CAPTION, owner: Hashable = None) -> Place:
        """Room for a request of this many bytes, as soon as there is some; leave the place when it is answered."""
        return await self._gate.admit(nbytes, priority=priority, owner=owner)

    def reading(self) -> AbstractAsyncContextManager[None]:
        """Around the wait for pictures: an engine that has too little to do meanwhile is counted as hungry."""
        return self._gate.reading()

    def warm(self) -> asyncio.Task[None]:
        """Begin to load the model, unless that is done or under way; awaiting the task waits for it.

        The task raises EnvironmentFault or UsageError where the model can't be had.
        """
        return self._supervisor.warm()

    async def close(self) -> None:
        """Let the model go; the next request loads it again."""
        self._gate.wake(False)
        await self._supervisor.close()

    async def __aenter__(self) -> "Engine":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._supervisor.ready

    @property
    def deaths(self) -> int:
        """How often the model died under its work."""
        return self._supervisor.deaths

    @property
    def starts(self) -> list[tuple[float, float]]:
        """When each start began and when the model was ready, on time.monotonic's clock."""
        return self._supervisor.starts

    @property
    def last_start(self) -> float:
        """Seconds that the last start took."""
        return self._supervisor.last_start

    def starting_seconds(self, since: float, until: float) -> float:
        """How much of a stretch of time, on time.monotonic's clock, went by while the model was loading."""
        return self._supervisor.starting_seconds(since, until)

    @property
    def loading_seconds(self) -> float:
        """Seconds for which the model has been loading now; 0 where it is not."""
        return self._supervisor.loading_seconds

    @property
    def on_ready(self) -> list[Callable[[], None]]:
        """Told when the model is loaded."""
        return self._supervisor.on_ready

    @property
    def on_change(self) -> list[Callable[[], None]]:
        """Told after each admission and each answer."""
        return self._gate.on_change

    @property
    def limit(self) -> int:
        """Requests in flight, at most."""
        return self._gate.limit

    @property
    def in_flight(self) -> int:
        return self._gate.count

    @property
    def waiting(self) -> int:
        """Requests that wait for room."""
        return self._gate.waiting

    @property
    def peak(self) -> tuple[int, int]:
        """The most requests, and the most bytes of their pictures, that were in flight at once."""
        return self._gate.peak_count, self._gate.peak_nbytes

    @property
    def clock(self) -> Clock:
        """What was waited for so far."""
        return self._gate.clock

    def _load_less(self) -> None:
        """A model that died may have been asked too much at once: half of it, the next time."""
        self._gate.wake(False)
        if not self._supervisor.isolating:
            self._gate.resize(self._gate.limit // 2)


def size_of(request: Request) -> int:
    """Bytes of a request's pictures."""
    return sum(image.nbytes for image in request.images) + (request.video.nbytes if request.video is not None else 0)


def _too_late() -> DeadlinePassed:
    return DeadlinePassed("deadline_passed", "the model did not answer in time; ask with more time, or with less else to do")
