"""An event loop whose clock jumps to the next thing that is due: minutes of waiting take none, and no machine's load is in them."""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing is due any more: somebody waits for ever")
        self.now += max(0.0, timeout)
        return list(super().select(0))


class ClockLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


@contextmanager
def jumping() -> Iterator[ClockLoop]:
    """The loop, and ``time.monotonic`` on its clock. What goes to a thread is done at once: a thread's time is nobody's here."""

    async def at_once(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return work(*given, **named)

    loop = ClockLoop()
    with mock.patch.object(time, "monotonic", loop.time), mock.patch.object(asyncio, "to_thread", at_once):
        yield loop
    loop.close()


def run(main: Coroutine[Any, Any, T]) -> T:
    """The result of ``main``, in no time."""
    with jumping() as loop:
        asyncio.set_event_loop(None)
        return loop.run_until_complete(main)
