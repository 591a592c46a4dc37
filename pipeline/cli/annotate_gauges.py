"""Who works while ``annotate`` runs, as its screen sees them: this process's engine, hosts of this machine, hosts elsewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pipeline.cli.annotate_screen import AnnotateScreen
    from pipeline.datasets.ledger import Ledger
    from pipeline.engine.engine import Engine

LOOK = 2.0
"""seconds between two looks at what other machines did"""


class Gauge(Protocol):
    """Who works: this process's engine, or several hosts."""

    @property
    def ready(self) -> bool:
        """Whether a model is loaded."""

    @property
    def held_back_by(self) -> str:
        """``engine`` or ``decode``."""


class OwnEngine:
    """This process's."""

    def __init__(self, engine: "Engine", say: Callable[[str], None]) -> None:
        self._engine = engine
        engine.on_ready.append(
            lambda: say(f"model loaded in {engine.last_start:.0f} s") if engine.last_start >= 0.5 else None
        )  # echo loads none

    @property
    def ready(self) -> bool:
        return self._engine.ready

    @property
    def held_back_by(self) -> str:
        return self._engine.clock.held_back_by


class Others:
    """Hosts on other machines: what they do is seen in the data set."""

    held_back_by = "the hosts' engines"

    def __init__(self, ledger: "Ledger", screen: "AnnotateScreen") -> None:
        self._ledger, self._screen = ledger, screen
        self.ready = False

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """While the block runs, the screen is told how far they are."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _follow(self) -> None:
        units = self._ledger.frozen.units
        while True:
            done = await asyncio.to_thread(self._ledger.done) & units.keys()
            ended = sum(units[number].items for number in done if units[number].round == 0) - self._screen.before
            self.ready = self.ready or ended > 0
            self._screen.reached(ended)
            await asyncio.sleep(LOOK)
