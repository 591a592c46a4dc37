"""Who works while ``annotate`` runs, as its screen sees them: this process's engine, hosts of this machine, hosts elsewhere."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Protocol

from pipeline.cli.signs_of_life import loaded
from pipeline.errors import ScenescribeError

if TYPE_CHECKING:
    from pipeline.cli.annotate_screen import AnnotateScreen
    from pipeline.datasets.ledger import Ledger
    from pipeline.engine.engine import Engine

LOOK = 2.0
"""seconds between two looks at what other machines did"""
NAMED = 64
"""units of which is asked in one look whose they were"""


class Gauge(Protocol):
    """Who works: this process's engine, or several hosts."""

    @property
    def ready(self) -> bool:
        """Whether a model is loaded."""

    @property
    def waits_for(self) -> str:
        """What is waited for where that is no model that loads; empty where one does."""

    @property
    def held_back_by(self) -> str:
        """``engine`` or ``decode``."""


class OwnEngine:
    """This process's."""

    def __init__(self, engine: "Engine", say: Callable[[str], None]) -> None:
        self._engine = engine
        engine.on_ready.append(lambda: say(loaded(engine.last_start)) if engine.last_start >= 0.5 else None)  # echo loads none

    @property
    def ready(self) -> bool:
        return self._engine.ready

    @property
    def waits_for(self) -> str:
        """Pictures come first, and the engine is asked for when one is there: where many can't be read, that takes a while."""
        return "" if self._engine.loading_seconds or self._engine.starts else "reading pictures"

    @property
    def held_back_by(self) -> str:
        return self._engine.clock.held_back_by


class Others:
    """Hosts on other machines: what they do is seen in the data set."""

    held_back_by = "the hosts' engines"
    waits_for = "waiting for the hosts' first units"
    """their models may have been loaded for long: a unit is heard of when all its pictures are done"""

    def __init__(self, ledger: "Ledger", screen: "AnnotateScreen") -> None:
        self._ledger, self._screen = ledger, screen
        self.ready = False
        self._named: set[int] = set()

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """While the block runs, the screen is told how far they are."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await asyncio.to_thread(self._look)

    async def _follow(self) -> None:
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(LOOK)

    def _look(self) -> None:
        with contextlib.suppress(ScenescribeError):  # a storage that fails for a while ends no run; the next look tells
            self._looked()

    def _looked(self) -> None:
        """What is done, and of some of it by whom: one request a thousand units, and one for each that is named."""
        units = self._ledger.frozen.units
        new = (self._ledger.done() & units.keys()) - self._screen.done_before
        first = [units[number] for number in new if units[number].round == 0]
        by = Counter[str]()
        for number in sorted(new - self._named)[:NAMED]:
            if (ending := self._ledger.ending(number)) is not None:
                self._named.add(number)
                by[ending.host] += ending.items
        self.ready = self.ready or bool(new)
        self._screen.reached(sum(unit.items for unit in first), sum(unit.weight for unit in first), by)
