"""Writing into a pipe from the event loop, without ever blocking it."""

import asyncio
import os


async def write_all(fd: int, data: bytes | memoryview) -> None:
    """All of the data, as the reader takes it; ``fd`` is made non-blocking. Raises BrokenPipeError where nobody reads any more."""
    os.set_blocking(fd, False)
    loop, view = asyncio.get_running_loop(), memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_writer(fd, _resolve, ready)
            try:
                await ready
            finally:
                loop.remove_writer(fd)


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
