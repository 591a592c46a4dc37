"""Children that decode: started ahead, used again for the next film.

acquire -> request, messages... -> release        a healthy child serves the next film: its start costs 0.4 s
"""

import itertools
import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from pipeline.video.children.child import NO_CARD, Child
from pipeline.video.limits import Limits

_table_ids = itertools.count(1)


class WorkerPool:
    """Children to be used again. ``spare`` are started ahead, so that the next film does not wait.

    ``most`` are at work at once where films share them: a film always gets one, and more only while there are some over.
    ``cards``: the GPU of each child that decodes on one, those first; all others decode on the processor.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        spare: int = 1,
        keep: int | None = None,
        most: int | None = None,
        cards: Sequence[int] = (),
    ) -> None:
        self.limits = limits or Limits()
        self._cards = list(cards)
        """those that no child has"""
        self._on_cards = len(cards)
        self.card_missing = ""
        """why a child that should could not decode on a GPU"""
        self.most = most
        self._keep = max(keep if keep is not None else max(2, os.cpu_count() or 2), most or 0)
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        self._closed = False
        self.working = 0
        """how many are out"""
        for _ in range(max(spare, min(len(cards), most or len(cards)))):
            self._idle.append(self._child())

    def _child(self) -> Child:
        return Child(self.limits, self._cards.pop(0) if self._cards else NO_CARD)

    def acquire(self, table: int = 0) -> Child:
        """A child, one that holds this table if there is one."""
        with self._lock:
            self.working += 1
            return self._take(table)

    def acquire_spare(self, table: int = 0) -> Child | None:
        """One more child for a film that has one, if nobody else needs it."""
        with self._lock:
            if self.most is not None and self.working >= self.most:
                return None
            self.working += 1
            return self._take(table)

    def _take(self, table: int) -> Child:
        for child in self._idle:
            if table and child.table == table:
                self._idle.remove(child)
                return child
        for child in self._idle:
            if child.card != NO_CARD:
                self._idle.remove(child)
                return child
        return self._idle.pop() if self._idle and not self._cards else self._child()

    @property
    def has_cards(self) -> bool:
        """Whether any of its children decodes on a GPU, as far as is known."""
        return bool(self._on_cards) and not self.card_missing

    @property
    def decoding(self) -> str:
        """Who decodes, in words."""
        if not self._on_cards:
            return "decoding on the processor"
        if self.card_missing:
            return f"decoding on the processor: the GPU's decoder can't be had ({self.card_missing})"
        return f"decoding on the GPU in {self._on_cards} processes, on the processor in the others"

    @property
    def crowded(self) -> bool:
        """Whether more are at work than should be, because films have come since."""
        return self.most is not None and self.working > self.most

    def release(self, child: Child) -> None:
        """Give a child back; a dead one is replaced later."""
        with self._lock:
            self.working -= 1
            self.card_missing = self.card_missing or child.card_missing
            if child.dead and child.card != NO_CARD and not child.card_missing:
                self._cards.append(child.card)
            if not self._closed and not child.dead and len(self._idle) < self._keep:
                self._idle.append(child)
                return
        child.kill()

    def close(self) -> None:
        """End all idle children; those in use end when they are released."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def new_table_id() -> int:
    return next(_table_ids)
