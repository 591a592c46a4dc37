"""Pages of a listing, each within its time: what asks for them does not come back from a server that sends empty ones without end."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
READY = 4
"""pages that may wait to be looked at"""


def pulled(pages: Iterable[T], *, within: float, late: Callable[[], Exception]) -> Iterator[T]:
    """The pages, asked for in a thread of their own; ``late()`` is raised where one does not come ``within`` seconds, and so is
    what the listing itself raises.

    The thread is a daemon: it can't be stopped in a call that does not return, and must not keep a program from ending.
    """
    came: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(READY)
    left = threading.Event()

    def put(whole: bool, what: T | BaseException | None) -> bool:
        while not left.is_set():
            try:
                came.put((whole, what), timeout=1.0)
                return True
            except queue.Full:
                continue
        return False

    def ask() -> None:
        try:
            for page in pages:
                if not put(True, page):
                    return
        except BaseException as error:
            put(False, error)
        else:
            put(False, None)

    threading.Thread(target=ask, name="listing", daemon=True).start()
    try:
        while True:
            try:
                whole, what = came.get(timeout=within)
            except queue.Empty:
                raise late() from None
            if whole:
                yield what  # type: ignore[misc]
            elif isinstance(what, BaseException):
                raise what
            else:
                return
    finally:
        left.set()
