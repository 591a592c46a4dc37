"""Work of several threads, its results in order, and bounds on how far it runs ahead of who takes them: so many results, so many bytes.

What is larger than SMALL is not got ahead of its turn: whoever takes it gets it then, one at a time. Sixty files of 250 MB, which cost
nobody anything who makes them of holes, would lie in memory all together otherwise.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

from pipeline.imagesources.base import Content

A = TypeVar("A")

AHEAD = 64
"""results that may wait"""
WAITING = 256 << 20
"""bytes of them, before no more are begun"""
SMALL = 16 << 20
"""bytes of a result that is got ahead of its turn"""


def in_order(threads: Executor, do: Callable[[A, bool], Content | None], items: Iterable[A], ahead: int) -> Iterator[Content]:
    """``do(item, False)`` of each item, in order; where that is None, since there are more than SMALL bytes, ``do(item, True)`` when its
    turn has come. What was begun and is not taken is dropped when the iterator is closed."""
    begun: deque[tuple[A, Future[Content | None]]] = deque()
    usual = 0

    def taken() -> Content:
        nonlocal usual
        item, future = begun.popleft()
        found = future.result()
        if found is None:
            found = do(item, True)
        assert found is not None
        if isinstance(found, bytes):
            usual = min(len(found), SMALL)
        return found

    try:
        for item in items:
            begun.append((item, threads.submit(do, item, False)))
            while begun and (len(begun) >= ahead or _waiting((one for _, one in begun), usual) > WAITING):
                yield taken()
        while begun:
            yield taken()
    finally:
        for _, one in begun:
            one.cancel()


def _waiting(begun: Iterable[Future[Content | None]], usual: int) -> int:
    """Bytes that are there, and ``usual`` for each result that comes: threads that have no processor would not bound what is begun."""
    return sum(_size(one) if one.done() else usual for one in begun)


def _size(done: Future[Content | None]) -> int:
    found = None if done.cancelled() or done.exception() is not None else done.result()
    return len(found) if isinstance(found, bytes) else 0
