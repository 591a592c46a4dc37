"""Keeps one captioner alive: starts it when it is first needed, and starts it again, more gently, when it dies."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from models.base import Captioner, Reply, Request
from models.errors import EngineDead, ModelError
from pipeline.engine.faults import translated
from pipeline.engine.isolation import Case, Isolation
from pipeline.errors import EnvironmentFault, RequestError

RESTARTS = 3
WITHIN = 600.0
"""seconds: an engine that dies more than RESTARTS times WITHIN is given up, and the run ends with its queue kept"""
BACK_OFF = (1.0, 5.0, 20.0)
"""seconds before the first, second and third restart"""

log = logging.getLogger(__name__)


class Supervisor:
    """The captioner, alive: a request whose engine died is asked again. Raises errors of ours alone (faults.py)."""

    def __init__(self, captioner: Captioner) -> None:
        self.captioner = captioner
        self.deaths = 0
        self.ready = False
        self.starts: list[tuple[float, float]] = []
        """when each start began and when the engine was ready, on time.monotonic's clock"""
        self._loading_since: float | None = None
        """when the start began that goes on"""
        self.on_ready: list[Callable[[], None]] = []
        self.on_death: list[Callable[[], None]] = []
        """told when the engine is ready, and when it died"""
        self.on_named: list[Callable[[], None]] = []
        """told when it is known which request it died of"""
        self._isolation = Isolation()
        self._given_up: EnvironmentFault | None = None
        self._answered, self._fruitless = False, 0
        """whether it ever answered, and its deaths since the last answer"""
        self._recent: deque[float] = deque()
        self._generation = 0
        self._starting: asyncio.Task[None] | None = None

    def warm(self) -> asyncio.Task[None]:
        """Begin to load the model, unless that is done or under way; awaiting the task waits for it.

        The task raises EnvironmentFault or UsageError where the engine can't be had.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name="engine start")
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())  # those who ask are told
        return self._starting

    async def ask(self, request: Request) -> Reply:
        """The captioner's reply. Raises RequestError for this request alone, EnvironmentFault where the engine can't go on."""
        case = Case()
        try:
            while True:
                await asyncio.shield(self.warm())
                generation = self._generation
                await self._isolation.turn(case)
                if self._generation != generation:  # it died while others were examined
                    if self._given_up is not None:
                        raise self._given_up
                    continue
                self._isolation.flying[case] = None
                try:
                    reply = await self.captioner.caption(request)
                    self._answered, self._fruitless = True, 0
                    return reply
                except EngineDead as error:
                    self._bury(generation, error)
                    if case.guilty:
                        for told in self.on_named:
                            told()
                        sentence = f"the engine died of this request, alone, after {case.deaths - 1} deaths beside others; it is left out"
                        raise RequestError("killed_engine", f"{sentence} ({error.message})") from error
                except ModelError as error:
                    raise translated(error) from error
        finally:
            self._isolation.over(case)

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        """The reply's text as it comes, and at the end the Reply. Raises what ``ask`` raises.

        A request whose engine died is asked again as long as nothing of its answer was given away; after that it is an
        EnvironmentFault: two answers can't be joined.
        """
        begun = False
        while True:
            await asyncio.shield(self.warm())
            generation = self._generation
            try:
                async with aclosing(self.captioner.stream(request)) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except EngineDead as error:
                self._bury(generation, error)
                if begun:
                    raise translated(error) from error
            except ModelError as error:
                raise translated(error) from error

    @property
    def isolating(self) -> bool:
        """Whether it is being examined which request the engine dies of."""
        return self._isolation.active

    @property
    def last_start(self) -> float:
        """Seconds that the last start took."""
        return self.starts[-1][1] - self.starts[-1][0] if self.starts else 0.0

    def starting_seconds(self, since: float, until: float) -> float:
        """How much of a stretch of time, on time.monotonic's clock, went by while the engine was loading, which may go on."""
        now = [] if self._loading_since is None else [(self._loading_since, time.monotonic())]
        return sum(max(0.0, min(end, until) - max(start, since)) for start, end in (*self.starts, *now))

    @property
    def loading_seconds(self) -> float:
        """Seconds for which the engine has been loading now; 0 where it is not."""
        return 0.0 if self._loading_since is None else time.monotonic() - self._loading_since

    async def close(self) -> None:
        """Let the engine go; the next ``ask`` starts it again."""
        starting, self._starting, self.ready = self._starting, None, False
        self._generation += 1
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        await self.captioner.close()

    def _bury(self, generation: int, error: EngineDead) -> None:
        """Have the engine started anew, once for all requests that it took with it."""
        if generation != self._generation:
            return
        self._generation += 1
        self.deaths += 1
        self.ready = False
        now = time.monotonic()
        self._fruitless += 1
        if not self.isolating:  # a death that tells something is none of chance
            self._recent.append(now)
        while self._recent and self._recent[0] < now - WITHIN:
            self._recent.popleft()
        self._isolation.died(works=self._answered)
        if len(self._recent) > RESTARTS or self._fruitless > (2 * RESTARTS if self._answered else RESTARTS):
            self._given_up = EnvironmentFault(
                error.code,
                f"the engine died {max(len(self._recent), self._fruitless)} times within {WITHIN / 60:.0f} minutes, "
                f"the last time so: {error.message}",
            )
            raise self._given_up from error
        log.warning("the engine died (%s); restart %d of %d", error.message, self._fruitless, RESTARTS)
        for told in self.on_death:
            told()
        self._starting = asyncio.create_task(self._restart(BACK_OFF[min(self._fruitless, RESTARTS) - 1]), name="engine restart")

    async def _restart(self, pause: float) -> None:
        await self.captioner.close()
        await asyncio.sleep(pause)
        await self._start()

    async def _start(self) -> None:
        started = self._loading_since = time.monotonic()
        self._given_up = None
        try:
            await self.captioner.start()
        except ModelError as error:
            raise translated(error) from error
        finally:
            self._loading_since = None
        self.starts.append((started, time.monotonic()))
        self.ready = True
        for told in self.on_ready:
            told()
