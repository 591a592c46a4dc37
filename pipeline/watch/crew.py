"""The jobs in flight: begun, taken leave of, given back."""

import asyncio
from collections.abc import Callable, Coroutine

from pipeline.store.job_row import Job


class Crew:
    """Tasks that each work on one job."""

    def __init__(self, *, ended: Callable[[], None]) -> None:
        """``ended`` is called when a job is over, in whatever way."""
        self._running: dict[asyncio.Task[None], Job] = {}
        self._ended = ended

    def __len__(self) -> int:
        return len(self._running)

    def begin(self, job: Job, work: Coroutine[None, None, None], *, ended: Callable[[], None] = lambda: None) -> None:
        """Let a job run; ``ended`` is called when this one is over."""
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: ended())
        task.add_done_callback(lambda _: self._ended())
        self._running[task] = job

    def gather(self) -> None:
        """Take leave of what has ended. Raises what work raises: under these settings nothing can be described."""
        for task in [task for task in self._running if task.done()]:
            del self._running[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def give_back(self, *, grace: float, patience: float) -> None:
        """Let what is nearly done be done within ``grace`` seconds, and cancel the rest, which puts itself back."""
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
