"""What is opened in a thread is closed once, whenever its task is cancelled."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from patience import PATIENCE

from pipeline.entering import entered


class Door:
    """Counts; ``may_open`` holds the opening thread back."""

    def __init__(self) -> None:
        self.opening, self.may_open, self.closed_again = threading.Event(), threading.Event(), threading.Event()
        self.opened = self.closed = 0

    @contextmanager
    def __call__(self) -> Iterator[str]:
        self.opening.set()
        assert self.may_open.wait(PATIENCE)
        self.opened += 1
        try:
            yield "inside"
        finally:
            self.closed += 1
            self.closed_again.set()


async def test_it_is_held_until_the_stack_is_left() -> None:
    door = Door()
    door.may_open.set()
    with ExitStack() as held:
        assert await entered(held, door) == "inside"
        assert (door.opened, door.closed) == (1, 0)
    assert door.closed == 1


async def test_cancelled_while_the_thread_opens_it_is_closed_by_the_thread() -> None:
    door = Door()
    with ExitStack() as held:
        task = asyncio.create_task(entered(held, door))
        assert await asyncio.to_thread(door.opening.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert door.opened == 0
        door.may_open.set()
        assert await asyncio.to_thread(door.closed_again.wait, PATIENCE)
    assert (door.opened, door.closed) == (1, 1)


async def test_cancelled_when_it_is_open_but_not_handed_over_it_is_closed_by_the_task() -> None:
    door = Door()
    door.may_open.set()
    with ExitStack() as held:
        task = asyncio.create_task(entered(held, door))
        await asyncio.sleep(0)  # the task waits for its thread
        while not door.opened:  # the loop stands still: what the thread returns can't be taken
            threading.Event().wait(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert door.closed_again.wait(PATIENCE)
        assert (door.opened, door.closed) == (1, 1)
    assert door.closed == 1


async def test_what_opening_raises_is_told() -> None:
    @contextmanager
    def broken() -> Iterator[None]:
        raise OSError("no such door")
        yield

    with ExitStack() as held, pytest.raises(OSError, match="no such door"):
        await entered(held, broken)
