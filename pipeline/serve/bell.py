"""Who waits for news of a job, and how they are told: readers look into the table again when it rings."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Bell:
    """All methods belong to one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self.readers = 0
        """how many read, whether they wait, look, or send what they found to a client that is slow to take it"""

    def ring(self, job: str) -> None:
        """Something happened to a job."""
        for waiter in self._waiting.pop(job, ()):
            if not waiter.done():
                waiter.set_result(None)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around all that one reader does."""
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1

    def next(self, job: str) -> "asyncio.Future[None]":
        """Done at the next ring; ask for it before you look, or a ring between the two is missed."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[job].add(waiter)

        def forget(_: "asyncio.Future[None]") -> None:
            with suppress(KeyError):
                self._waiting[job].discard(waiter)
                if not self._waiting[job]:
                    del self._waiting[job]

        waiter.add_done_callback(forget)
        return waiter
