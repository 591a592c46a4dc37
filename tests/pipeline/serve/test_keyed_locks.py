"""Jobs of one film, one after the other."""

import asyncio

import pytest

from pipeline.serve.keyed_locks import KeyedLocks


async def test_a_film_that_nobody_works_on_keeps_nothing() -> None:
    locks = KeyedLocks()
    order: list[str] = []
    may_end = asyncio.Event()

    async def one(name: str, *, waits: bool = False) -> None:
        async with locks.held("film"):
            order.append(name)
            if waits:
                await may_end.wait()
            order.append(name)

    first = asyncio.create_task(one("first", waits=True))
    await asyncio.sleep(0)
    gives_up = asyncio.create_task(one("gives up"))
    third = asyncio.create_task(one("third"))
    await asyncio.sleep(0)
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    may_end.set()
    await first
    late = asyncio.create_task(one("late"))
    await asyncio.gather(third, late)
    assert order == ["first", "first", "third", "third", "late", "late"], "one who gives up takes no lock from who waits"
    assert len(locks) == 0
    async with locks.held("film"), locks.held("another"):
        assert len(locks) == 2
    with pytest.raises(ValueError, match="an accident"):
        async with locks.held("film"):
            raise ValueError("an accident")
    assert len(locks) == 0
