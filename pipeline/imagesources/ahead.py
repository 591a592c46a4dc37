"""Work of several threads, its results in order, and a bound on how far it runs ahead of who takes them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 64
"""results that may wait"""


def in_order(threads: Executor, do: Callable[[A], B], items: Iterable[A], ahead: int) -> Iterator[B]:
    """``do`` of each item, in order. What was begun and is not taken is dropped when the iterator is closed."""
    begun: deque[Future[B]] = deque()
    try:
        for item in items:
            begun.append(threads.submit(do, item))
            if len(begun) >= ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for one in begun:
            one.cancel()
