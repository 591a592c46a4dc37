"""What a host is to do next, until nothing is left: units of a ledger, pulled one at a time.

    async with Grants(ledger, host="gpu-1") as grants:
        async for grant in grants:                  # take as many at once as keep the engine full
            rows = [... for item in grant.items]
            await grant.commit(rows)                # or give_back(); False: another host was first

    unclaimed, of the own shard    ->  unclaimed, of others  ->  whose host died  ->  whose host is slow (twice)  ->  wait

Hosts need no coordinator and no word between them: all that they know of each other stands in the storage. A unit that processes died
with comes in parts, ``alone``: nothing else is handed to this host until such a part is done.
"""

import asyncio
import contextlib
import random
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

from pipeline import log as logs
from pipeline.datasets.claims import LEASE, Claim, Claims, Held
from pipeline.datasets.deaths import Deaths
from pipeline.datasets.grant import Grant, renewed
from pipeline.datasets.items import Row
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.quarantine import Quarantine
from pipeline.datasets.sole import SoleStorage
from pipeline.datasets.units import Unit, in_order
from pipeline.errors import ScenescribeError

POLL = (1.0, 5.0)
"""seconds between two looks at what others did, while there is nothing to take: at first, and at most"""
SLOW = 30.0
"""seconds after which a unit of another host is done a second time, or twice as long as our own take"""
TRIES = 3
"""times that this host gives a unit back before it takes it no more"""
CROWD = 256
"""units among which one is chosen by chance, once it is seen that others take the same"""

log = logs.get(__name__)


class Grants:
    """The units that this host is given. An asynchronous context manager and iterator, of one event loop."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        host: str,
        shard: tuple[int, int] = (1, 1),
        lease: float = LEASE,
        slow: float = SLOW,
        poll: tuple[float, float] = POLL,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``shard``: (I, N) this is the I-th of N hosts, counted from 1: it begins with its own part and then helps the others."""
        self._ledger, self.host, self._slow, self._poll = ledger, host, slow, poll
        self._claims = Claims(ledger.storage, host, lease=lease, clock=clock)
        self._deaths = Deaths(ledger, self._claims)
        own, others = list[Unit](), list[Unit]()
        for unit in in_order(ledger.frozen.units.values()):
            (own if unit.number % shard[1] == shard[0] - 1 else others).append(unit)
        self._queue = deque([*own, *others])
        self._claimed: dict[int, Unit] = {}
        """units that others hold or held, and that are not known to be done"""
        self._given = Counter[int]()
        self._out: set[Grant] = set()
        self._lane: Quarantine | None = None
        self._took: list[float] = []
        self._crowded = False
        self._looked = float("-inf")
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._beat: asyncio.Task[None] | None = None
        self.done: set[int] = set()
        """numbers of units that are known to be done, whoever did them"""
        self.stopped = False
        """set to hand out nothing more, as when this machine is about to be taken away"""

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._look)
        self._beat = asyncio.create_task(self._heartbeat())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._beat is not None:
            self._beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beat
        for grant in list(self._out):
            with contextlib.suppress(ScenescribeError):  # its lease ends by itself
                await self._give_back(grant)
        if self._lane is not None:
            with contextlib.suppress(ScenescribeError):
                await asyncio.to_thread(self._lane.held.release)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Grant:
        pause = self._poll[0]
        async with self._turn:
            while not self.stopped:
                if self._lane is None or not self._out:
                    if (grant := await asyncio.to_thread(self._next)) is not None:
                        self._out.add(grant)
                        return grant
                    if self._finished():
                        break
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                pause = min(2 * pause, self._poll[1])
        raise StopAsyncIteration

    def stop(self) -> None:
        """Hand out nothing more; what is out may still be committed."""
        self.stopped = True
        self._changed.set()

    # ---- in a thread

    def _next(self) -> Grant | None:
        if self._lane is not None:
            return self._part()
        while (unit := self._unclaimed()) is not None:
            if (held := self._claims.take(unit.number)) is not None:
                return self._granted(unit, held)
            self._crowded = True
            self._claimed[unit.number] = unit
            if time.monotonic() - self._looked >= self._poll[0]:
                self._look()
        if self._out and time.monotonic() - self._looked < self._poll[0]:
            return None
        self._look()
        for beside in (None, max(self._slow, 2 * statistics.median(self._took)) if self._took else self._slow):
            for unit in sorted(self._claimed.values(), key=lambda unit: self._claims.known.get(unit.number, 0)):
                alone = list[bool]()
                held = self._claims.take(unit.number, beside=beside, wanted=partial(self._wanted, unit, alone))
                if held is not None:
                    return self._examine(unit, held) if any(alone) else self._granted(unit, held)
                if any(alone):  # our own come to an end first
                    return None
        return None

    def _wanted(self, unit: Unit, alone: list[bool], past: Sequence[Claim]) -> bool:
        """Whether it may be taken now; ``alone`` is told whether it wants to be."""
        alone.append(self._deaths.suspicious(unit.number, past, self.done))
        return not (alone[-1] and self._out)

    def _unclaimed(self) -> Unit | None:
        while self._queue:
            place = random.randrange(min(CROWD, len(self._queue))) if self._crowded else 0
            unit = self._queue[place]
            del self._queue[place]
            if unit.number in self.done:
                continue
            if self._claims.known.get(unit.number, 0) == 0:
                return unit
            self._claimed[unit.number] = unit
        return None

    def _look(self) -> None:
        """Two listings: what is done, and what was claimed."""
        self.done |= self._ledger.done()
        self._claims.listed()
        self._deaths.look()
        self._looked = time.monotonic()
        for number in self.done & self._claimed.keys():
            del self._claimed[number]

    def _granted(self, unit: Unit, held: Held) -> Grant:
        self._claimed.pop(unit.number, None)
        items = self._ledger.frozen.items(unit)
        return Grant(unit, [item for item in items if not item.reason], False, held, items, self._commit, self._give_back)

    def _examine(self, unit: Unit, held: Held) -> Grant | None:
        self._claimed.pop(unit.number, None)
        items = [item for item in self._ledger.frozen.items(unit) if not item.reason]
        others = self._deaths.without(unit.number, held.past, self.done)
        self._lane = Quarantine(self._ledger.storage, held, unit, items, others=others)
        log.warning("a unit was held by processes that died, and is examined alone", unit=unit.number, deaths=held.deaths)
        return self._part()

    def _part(self) -> Grant | None:
        lane = self._lane
        assert lane is not None
        if (stretch := lane.begin()) is not None:
            return Grant(
                lane.unit, lane.items[slice(*stretch)], True, lane.held, lane.items, self._commit, self._give_back, stretch
            )
        for place in lane.guilty:
            log.warning("an item kills the process that works on it, and is left out", key=lane.items[place].key)
        items = self._ledger.frozen.items(lane.unit)
        self._ledger.commit(lane.unit, items, lane.rows(), host=self.host)
        lane.clear()
        self.done.add(lane.unit.number)
        self._lane = None
        return self._next()

    # ---- for grants

    async def _commit(self, grant: Grant, rows: list[Row]) -> bool:
        if grant.stretch is not None and self._lane is not None:
            await asyncio.to_thread(self._lane.keep, grant.stretch, rows)
            self._over(grant)
            return True
        took = time.monotonic() - grant.began
        won = await asyncio.to_thread(self._ledger.commit, grant.unit, grant.all, rows, host=self.host, seconds=took)
        self._took.append(took)
        self.done.add(grant.unit.number)
        self._over(grant)
        return won

    async def _give_back(self, grant: Grant) -> None:
        self._given[grant.unit.number] += 1
        if self._given[grant.unit.number] < TRIES:
            self._claimed[grant.unit.number] = grant.unit  # before it is no longer out: with neither, all would be finished
        self._over(grant)
        if grant.stretch is not None:
            self._lane = None
        await asyncio.to_thread(grant.held.release)
        self._changed.set()

    def _over(self, grant: Grant) -> None:
        self._out.discard(grant)
        self._changed.set()

    def _finished(self) -> bool:
        """Nothing is out, and nothing can come back: all is done, or was given back too often."""
        return not self._out and not self._claimed and not self._queue and self._lane is None

    async def _heartbeat(self) -> None:
        """Renew what is out, three times a lease."""
        while True:
            await asyncio.sleep(self._claims.lease / 3)
            leases: list[Callable[[], None]] = [held.renew for held in {grant.held for grant in self._out}]
            if isinstance(self._ledger.storage, SoleStorage):
                leases.append(self._ledger.storage.renew)
            await renewed(leases)
