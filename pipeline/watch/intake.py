"""The folder's arrivals into the queue, in a task of their own."""

import asyncio
import contextlib
from collections.abc import Callable

from pipeline.watch.observer import WatchObserver
from pipeline.watch.state import State


class Intake:
    """Takes what the folder of ``state.setup`` finds, for ever. ``taken`` is called when something was queued."""

    def __init__(self, state: State, observer: WatchObserver, *, taken: Callable[[], None]) -> None:
        self._state, self._observer, self._taken = state, observer, taken
        self.task = asyncio.create_task(self._run())

    async def restart(self) -> None:
        """Go on with another folder, or other rules."""
        await self.end()
        self.task = asyncio.create_task(self._run())

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        state, setup = self._state, self._state.setup
        async with contextlib.aclosing(setup.folder.arrivals()) as arrivals:
            async for found in arrivals:
                count = await state.surely(state.queue.offer, state.root, found, output_dir=setup.output_dir)
                self._observer.queued(found, count)
                self._taken()
