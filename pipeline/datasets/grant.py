"""What a host is handed: the items of a unit, to be kept or given back."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pipeline import log as logs
from pipeline.accident import logged
from pipeline.datasets.claims import Held
from pipeline.datasets.items import Item, Row
from pipeline.datasets.quarantine import Stretch
from pipeline.datasets.units import Unit
from pipeline.errors import ScenescribeError

log = logs.get(__name__)


@dataclass(eq=False, slots=True)
class Grant:
    """Work for one host: the items of a unit, or of a part of it."""

    unit: Unit
    items: Sequence[Item]
    """those that are to be asked: what the listing refused already is not among them"""
    alone: bool
    """whether nothing else may be worked on beside it"""
    held: Held
    all: Sequence[Item]
    """the unit's items as the listing has them"""
    on_commit: Callable[["Grant", list[Row]], Awaitable[bool]]
    on_give_back: Callable[["Grant"], Awaitable[None]]
    stretch: Stretch | None = None
    """which part of a suspicious unit it is"""
    began: float = field(default_factory=time.monotonic)

    @property
    def listed_failed(self) -> Sequence[Item]:
        """Items that failed when they were listed, and that nobody works on; of a unit that comes in parts nobody tells them again."""
        return [item for item in self.all if item.reason] if self.stretch is None else []

    async def commit(self, rows: Iterable[Row]) -> bool:
        """Keep its rows; False where another host was first. Raises what ``Ledger.commit`` does."""
        return await self.on_commit(self, list(rows))

    async def give_back(self) -> None:
        """It was not done; another host, or this one later, may try."""
        await self.on_give_back(self)


async def renewed(leases: Iterable[Callable[[], None]]) -> None:
    """Renew each of these, whatever becomes of the others: who is not heard of for a while is taken for dead."""
    for renew in leases:
        try:
            await asyncio.to_thread(renew)
        except ScenescribeError as error:
            log.warning("a claim could not be renewed", code=error.code, says=error.message)
        except Exception as error:
            logged(error, step="a claim is renewed")
