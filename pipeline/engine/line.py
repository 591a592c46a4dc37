"""Those who wait at the gate in one class of priority: owners take turns, each owner's requests are first come first served."""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engine.gate import Place


class Turn:
    """One request that waits: the bytes of its pictures, and the future that gets its place."""

    __slots__ = ("admitted", "nbytes")

    def __init__(self, nbytes: int, admitted: "asyncio.Future[Place]") -> None:
        self.nbytes, self.admitted = nbytes, admitted


class Line:
    """``held``: places that this class has now. ``passed``: requests of higher classes that were admitted while this one waited,
    since one of its own was."""

    def __init__(self) -> None:
        self.owners: dict[Hashable, deque[Turn]] = {}
        self.held = 0
        self.passed = 0

    def add(self, owner: Hashable, turn: Turn) -> None:
        if not self.owners:
            self.passed = 0  # nobody was passed while nobody waited
        self.owners.setdefault(owner, deque()).append(turn)

    def first(self) -> Turn:
        return next(iter(self.owners.values()))[0]

    def take(self) -> None:
        """The first was admitted: its owner goes to the end."""
        owner, turns = next(iter(self.owners.items()))
        turns.popleft()
        del self.owners[owner]
        if turns:
            self.owners[owner] = turns

    def drop(self, owner: Hashable, turn: Turn) -> None:
        """One gave up waiting; its owner keeps its turn for what else it has."""
        turns = self.owners.get(owner)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self.owners[owner]

    def __len__(self) -> int:
        return sum(map(len, self.owners.values()))
