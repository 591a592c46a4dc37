"""The gate never lets more through than its bounds, lets everybody through in turn, and gives back what is cancelled."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.gate import Gate


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 5), st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_bounds_hold_and_all_get_through(sizes: list[int], count: int, nbytes: int) -> None:
    async def run() -> Gate:
        gate = Gate(count, nbytes)

        async def window(size: int) -> None:
            async with gate.pass_through(size):
                assert gate.count == 1 or (gate.count <= count and gate.nbytes <= nbytes)
                await asyncio.sleep(0)

        await asyncio.gather(*(window(size) for size in sizes))
        return gate

    gate = asyncio.run(run())
    assert (gate.count, gate.nbytes) == (0, 0)
    assert gate.peak_count <= count
    assert gate.peak_nbytes <= max([nbytes, *sizes])


async def test_first_come_first_served() -> None:
    gate, order = Gate(1, 100), []

    async def window(name: str, size: int) -> None:
        async with gate.pass_through(size):
            order.append(name)
            await asyncio.sleep(0.001)

    # b is small and would fit sooner; it waits for its turn all the same, or a large window would starve
    await asyncio.gather(window("a", 90), window("large", 90), window("b", 5))
    assert order == ["a", "large", "b"]


async def test_a_cancelled_wait_leaves_the_queue_and_a_cancelled_admission_gives_its_place_back() -> None:
    gate = Gate(1, 100)
    await gate.enter(10)
    waiting = asyncio.create_task(gate.enter(10))
    behind = asyncio.create_task(gate.enter(10))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    gate.leave(10)
    await behind
    assert gate.count == 1

    admitted = asyncio.create_task(gate.enter(10))
    await asyncio.sleep(0)
    gate.leave(10)  # admits it, and before it runs it is cancelled
    admitted.cancel()
    await asyncio.gather(admitted, return_exceptions=True)
    assert (gate.count, gate.nbytes) == (0, 0)


async def test_the_clock_tells_a_hungry_engine_from_a_full_one() -> None:
    gate = Gate(2, 100)
    async with gate.reading():
        await asyncio.sleep(0.05)
    assert gate.clock.hungry == 0, "no engine, no hunger: it is loading"
    gate.wake()
    async with gate.reading():
        await asyncio.sleep(0.05)
    assert gate.clock.held_back_by == "decode"
    await gate.enter(1)
    await gate.enter(1)
    waiting = asyncio.create_task(gate.enter(1))
    await asyncio.sleep(0.12)
    gate.leave(1)
    await waiting
    assert gate.clock.held_back_by == "engine"
    assert gate.clock.full > 0.1
