"""An output: offered events on the event loop, which it writes in its own time.

offer(event)   never waits          write(event)   may take long; raises OutputError, which ends nothing but is told
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from pipeline import log
from pipeline.accident import ours, refused
from pipeline.errors import OutputError
from pipeline.live.events import Event
from pipeline.live.pieces import Piece

MOST = 1000
"""events that wait"""
PATIENCE = 5.0
"""seconds for what waits at the end"""
QUIET = 30.0
"""seconds between two warnings of one output"""

_log = log.get("pipeline.live")


class Output:
    """The base of all of them."""

    name = "output"
    most = MOST

    def __init__(self) -> None:
        self.lost = 0
        """events that were given up"""
        self.failures = 0
        self._waiting: deque[Event] = deque()
        self._came, self._empty = asyncio.Event(), asyncio.Event()
        self._warned = 0.0
        self._task: asyncio.Task[None] | None = None

    def wants(self, event: Event) -> bool:
        """Whether this event is for this output."""
        return True

    def picture(self, piece: Piece) -> None:
        """A piece of a stream as it came; most outputs have no use for it."""

    async def write(self, event: Event) -> None:
        """Hand the event on."""
        raise NotImplementedError

    async def open(self) -> None:
        """Before the first event. Raises UsageError, EnvironmentFault, OutputError: the command does not start."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    def offer(self, event: Event) -> None:
        if not self.wants(event):
            return
        if len(self._waiting) >= self.most:
            self._waiting.popleft()
            self.lost += 1
            self._warn("it is too slow; its oldest events are given up", lost=self.lost)
        self._waiting.append(event)
        self._empty.clear()
        self._came.set()

    async def close(self) -> None:
        """Write what waits, for a while, and end."""
        if self._task is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._empty.wait()
                await self.finish()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def finish(self) -> None:
        """All is written: the last that there is to do."""

    async def _run(self) -> None:
        while True:
            while self._waiting:
                event = self._waiting[0]
                try:
                    await self.write(event)
                except Exception as error:  # one event's accident: the output lives on, and says so
                    self._failed(error)
                if self._waiting and self._waiting[0] is event:
                    self._waiting.popleft()
            self._came.clear()
            self._empty.set()
            await self._came.wait()
            self._empty.clear()

    async def _surely(self, write: Callable[..., object], *values: object) -> bool:
        """Call ``write`` on a thread; whether it did what it should. What it meets is told, and costs no other stream its end."""
        try:
            await asyncio.to_thread(write, *values)
        except Exception as error:
            self._failed(error)
            return False
        return True

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        wrong = error if isinstance(error, OutputError) else refused(error) or ours(error)
        self._warn(wrong.message, reason=wrong.code)

    def _warn(self, what: str, **data: object) -> None:
        now = time.monotonic()  # an output that writes on a thread warns from there
        if now - self._warned > QUIET or not self._warned:
            self._warned = now
            _log.warning(f"output {self.name}: {what}", **data)
