"""What the engine has read of a film stays read: a question of one token now, and again while others push it out.

Windows that are captioned fill the KV cache anew in less than a minute; what was touched last goes last.
"""

import asyncio
import contextlib
from dataclasses import replace

from models.base import Request
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.errors import ScenescribeError

EVERY = 15.0
"""seconds between two touches while the engine has other work"""


class Warmth:
    """One conversation's."""

    def __init__(self, engine: Engine, *, every: float = EVERY) -> None:
        self._engine, self._every = engine, every
        self._request: Request | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def touch(self, request: Request) -> None:
        """Have the model read what the request shows. Raises what the engine's ``ask`` raises."""
        self.keep(request)
        await self._once()

    def keep(self, request: Request) -> None:
        """As ``touch``, of what the model has just read: the first touch is the next that is due."""
        self._request = replace(request, sampling=replace(request.sampling, max_tokens=1, temperature=0.0))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep(), name="keep warm")

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None

    async def _once(self) -> None:
        assert self._request is not None
        await self._engine.ask(self._request, priority=Priority.QUESTION, owner=self)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            if self._engine.in_flight:  # an idle engine forgets nothing
                with contextlib.suppress(ScenescribeError):
                    await self._once()
