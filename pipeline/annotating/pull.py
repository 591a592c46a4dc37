"""Units are pulled: the next one as soon as the last file of the one before is read, so the engine never waits for a unit to end.

unit 1   read read read . . answers . commit
unit 2                  read read read . . answers . commit
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol

from pipeline.datasets.items import Item, Row
from pipeline.errors import ScenescribeError

UNDER_WAY = 32
"""units that wait for their last answers, at most"""


class Granted(Protocol):
    """What a worker is given: ``pipeline.datasets.grants.Grant``."""

    @property
    def items(self) -> Sequence[Item]: ...

    @property
    def listed_failed(self) -> Sequence[Item]: ...

    async def commit(self, rows: Sequence[Row]) -> bool: ...

    async def give_back(self) -> None: ...


async def pull(grants: AsyncIterator[Granted], do: Callable[[Granted, Callable[[], None]], Coroutine[Any, Any, None]]) -> None:
    """``do`` all that is granted; ``do`` calls its second argument when it wants nothing more to be read of its grant.

    Raises what ``do`` raises, of several errors one of ours; what is under way is given up then.
    """
    units, others = set[asyncio.Future[Any]](), set[asyncio.Future[Any]]()

    async def until(wanted: "asyncio.Future[Any]") -> None:
        """Wait for it, and raise what a unit raises meanwhile."""
        others.add(wanted)
        while not wanted.done():
            await first_of({wanted})
        others.discard(wanted)

    async def first_of(beside: "set[asyncio.Future[Any]]") -> None:
        ended, _ = await asyncio.wait(units | beside, return_when=asyncio.FIRST_COMPLETED)
        for task in ended & units:
            units.discard(task)
            task.result()

    try:
        while True:
            granted = asyncio.ensure_future(anext(grants, None))
            await until(granted)
            if (grant := granted.result()) is None:
                break
            read = asyncio.Event()
            units.add(asyncio.create_task(do(grant, read.set)))
            await until(asyncio.create_task(read.wait()))
            while len(units) >= UNDER_WAY:
                await first_of(set())
        while units:
            await first_of(set())
    except BaseExceptionGroup as several:
        raise one_of(several) from several
    finally:
        for task in units | others:
            task.cancel()
        await asyncio.gather(*units, *others, return_exceptions=True)


def one_of(error: BaseException) -> BaseException:
    """The one error that counts of a group: of ours where there is one."""
    found: list[BaseException] = []

    def flatten(one: BaseException) -> None:
        if isinstance(one, BaseExceptionGroup):
            for inside in one.exceptions:
                flatten(inside)
        else:
            found.append(one)

    flatten(error)
    return next((one for one in found if isinstance(one, ScenescribeError)), found[0])
