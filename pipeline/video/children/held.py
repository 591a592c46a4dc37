"""The children that one film has of the pool, from its first to its last; closing it ends whatever it waits for."""

from pipeline.video.children.child import Child, Crashed
from pipeline.video.children.pool import WorkerPool
from pipeline.video.probe import crashed
from pipeline.video.source import Source


class Closed(Exception):
    """The film was closed while it was being read."""


class HeldChildren:
    """``table``: the number of the film's table; a child that has it already is preferred."""

    def __init__(self, source: Source, pool: WorkerPool, table: int) -> None:
        self._source, self._pool, self._table = source, pool, table
        self._held: set[Child] = set()
        self._crashes = 0
        self._closed = False

    def close(self) -> None:
        """Interrupt them all; who waits for one, or wants one more, gets Closed."""
        self._closed = True
        for child in list(self._held):
            child.interrupt()

    def acquire(self, must: bool = True) -> Child | None:
        """A child; where it is no ``must``, None if none is free. Raises Closed."""
        if self._closed:
            raise Closed
        child = self._pool.acquire(self._table) if must else self._pool.acquire_spare(self._table)
        if child is not None:
            self._held.add(child)
            if self._closed:
                child.interrupt()
        return child

    def release(self, child: Child) -> None:
        """It is the pool's again."""
        self._held.discard(child)
        self._pool.release(child)

    def crashed(self, crash: Crashed) -> None:
        """Count a crash. Raises InputError for the second one, or where another try would end the same; Closed."""
        if self._closed:
            raise Closed from None
        self._crashes += 1
        if self._crashes >= 2 or crash.spent:
            raise crashed(crash, self._source) from None
