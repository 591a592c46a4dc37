"""The engine's own gauges while films are described: the highest they came, over each film and over the whole run.

At the end of a run nothing runs any more and the KV cache is empty: what counts is what was seen on the way.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from itertools import zip_longest
from typing import Any

from models.base import Captioner
from models.errors import ModelError

EVERY = 2.0
"""seconds between two looks"""
KEPT = ("running", "waiting", "kv_cache_use", "preemptions", "gpu_memory_used_gb", "gpu_memory_total_gb")
"""those that a film's JSON keeps; totals since the engine's start say nothing about one film"""

Values = dict[str, Any]


class Gauges:
    """``async with gauges.over() as highest`` fills a dict while its block runs. All methods belong to one event loop."""

    def __init__(self, captioner: Captioner, *, every: float = EVERY) -> None:
        self.captioner, self.every = captioner, every
        self.highest: Values = {}
        """over all blocks so far"""
        self.latest: Values = {}
        """as they were when they were looked at last"""
        self._open: list[Values] = []
        self._looking: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def over(self) -> AsyncIterator[Values]:
        """The highest of each gauge of KEPT while the block runs; looked at once more at its end where it was short."""
        highest: Values = {}
        self._open.append(highest)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield highest
            if not highest:
                await self.look()
        finally:
            self._open = [one for one in self._open if one is not highest]
            if not self._open and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def look(self) -> None:
        """Ask the engine now. One that has no gauges, or is gone, adds nothing."""
        with contextlib.suppress(ModelError, OSError):
            seen = self.latest = dict(await self.captioner.metrics())
            raise_to(self.highest, seen)
            for highest in self._open:
                raise_to(highest, {key: value for key, value in seen.items() if key in KEPT})

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            await self.look()


def raise_to(highest: Values, seen: Mapping[str, Any]) -> None:
    """Lift each value to the one seen; those of several GPUs each for itself."""
    for key, value in seen.items():
        before = highest.get(key)
        if before is None:
            highest[key] = value
        elif isinstance(value, list):
            highest[key] = [max(pair) for pair in zip_longest(before, value, fillvalue=0.0)]  # a GPU may come later
        elif isinstance(value, int | float):
            highest[key] = max(before, value)
