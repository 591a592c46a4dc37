"""Opening in a thread what must be closed again: a film's reading, a journal, a file that is held.

A task can be cancelled while its thread still opens. What the thread then returns reaches nobody: the file, or the child process,
would stay open until the garbage collector finds it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from typing import TypeVar

Made = TypeVar("Made")


async def entered(
    held: ExitStack | AsyncExitStack, make: Callable[[], AbstractContextManager[Made]], threads: Executor | None = None
) -> Made:
    """What ``make`` gives, made and entered in a thread; ``held`` leaves it. ``threads=None``: those of the loop.

    Cancelled before ``held`` has it, it is left by whoever comes last: the thread, or this task. Raises what ``make`` does.
    """
    turn = threading.Lock()
    whole: list[ExitStack] = []
    given_up = False

    def work() -> Made:
        with ExitStack() as own:
            made = own.enter_context(make())
            with turn:
                if not given_up:
                    whole.append(own.pop_all())
            return made

    try:
        made = await asyncio.get_running_loop().run_in_executor(threads, work)
    except BaseException:
        with turn:
            given_up = True
        for one in whole:
            one.close()
        raise
    held.push(whole[0])
    return made
