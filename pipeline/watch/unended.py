"""Jobs that are over and whose end could not be written for a fault of ours: it is written as soon as that can be."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from pipeline.accident import logged, refused
from pipeline.errors import EnvironmentFault


class Unended:
    """Holds no seat: other jobs go on. What is still here when the process ends is taken back by the next start."""

    def __init__(self) -> None:
        self._writes: dict[str, Callable[[], object]] = {}
        self._trying = threading.Lock()
        self._said = ""
        """of which accident it was told: it is said once, not at each try"""

    def __len__(self) -> int:
        return len(self._writes)

    def add(self, job: str, write: Callable[..., object], *values: Any, **more: Any) -> None:
        """``write``, with all that follows, ends the job as failed."""
        self._writes[job] = partial(write, *values, **more)

    async def settled(self) -> list[str]:
        """``settle``, beside the event loop; where the system has no thread for it, that is tried again at the next look."""
        if not self._writes:
            return []
        try:
            return await asyncio.to_thread(self.settle)
        except RuntimeError as error:
            if refused(error) is None:
                raise
            return []

    def close(self) -> None:
        """Nothing is written from now on: a thread that comes late finds no database."""
        self._writes.clear()

    def settle(self) -> list[str]:
        """Try once; the jobs that have ended now. Blocks, so it is called from a thread; of several at once one after the other, so that no end
        is written twice. A state folder that can't be written is for others to tell."""
        with self._trying:
            ended = []
            for job, write in list(self._writes.items()):
                try:
                    write()
                except EnvironmentFault:
                    break
                except Exception as error:
                    if self._said != repr(error):
                        self._said = repr(error)
                        logged(error, job=job)
                    continue
                self._writes.pop(job, None)
                ended.append(job)
            return ended
