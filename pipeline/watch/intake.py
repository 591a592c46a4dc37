"""The folder's arrivals into the queue, in a task of their own."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

from pipeline.accident import logged
from pipeline.errors import EnvironmentFault
from pipeline.store.identity import Found
from pipeline.watch.observer import WatchObserver
from pipeline.watch.state import State

TOGETHER = 1_000
"""files that are queued in one transaction, between which others have their turn: a first look may find a hundred thousand"""


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
        async with contextlib.aclosing(self._state.setup.folder.arrivals()) as arrivals:
            async for found in arrivals:
                count = 0
                for some in _parts(found):
                    count += await self._offer(some)
                    self._taken()
                    await asyncio.sleep(0)
                self._observer.queued(found, count)

    async def _offer(self, found: Sequence[Found]) -> int:
        """Queue files; how many were new. One that meets an accident is left out until it changes, with a line in the log."""
        state = self._state
        try:
            return await state.surely(state.queue.offer, state.root, found, output_dir=state.setup.output_dir)
        except EnvironmentFault:
            raise
        except Exception as error:
            if len(found) == 1:
                logged(error, path=state.called(found[0].path))
                return 0
        return sum([await self._offer([one]) for one in found])


def _parts(found: Sequence[Found]) -> Iterator[Sequence[Found]]:
    return (found[at : at + TOGETHER] for at in range(0, len(found), TOGETHER))
