"""A lock for each key, and none kept that nobody holds or waits for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class KeyedLocks:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        """Locks that somebody holds or waits for."""
        return len(self._locks)

    @asynccontextmanager
    async def held(self, key: str) -> AsyncIterator[None]:
        """Held by whoever is in the block; the others of this key wait, in their order."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._users[key] = self._users.get(key, 0) + 1  # before anything is awaited: who waits is counted
        try:
            async with lock:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]
