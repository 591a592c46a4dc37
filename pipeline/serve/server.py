"""The server: THE uvicorn door. One process, one event loop: a second one would load the model twice.

It listens before the service is loaded (entrance.py), and until after the last answer it gives the service stays.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from pipeline import log as logs
from pipeline.errors import EnvironmentFault
from pipeline.serve.entrance import Application, Entrance
from pipeline.watch.connections import bound, patient
from pipeline.watch.health import address_of

if TYPE_CHECKING:
    from pipeline.serve.service import Service

log = logs.get(__name__)

LEAVE = 3
"""seconds in which open answers may end after the service was told to stop"""


@asynccontextmanager
async def listening(listen: str, entrance: Entrance) -> "AsyncIterator[tuple[str, asyncio.Task[None]]]":
    """Serve while the block runs: the address, and the task of the server.

    Raises UsageError ``bad_value``, EnvironmentFault ``address_in_use``.
    """
    import uvicorn

    class Quiet(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self):  # type: ignore[no-untyped-def]
            yield  # signals are the command line's

    sockets = [_bind(listen)]
    config = uvicorn.Config(
        entrance, log_config=None, access_log=False, server_header=False, date_header=True, lifespan="off",
        timeout_graceful_shutdown=LEAVE, timeout_keep_alive=30, proxy_headers=False, ws="none",
        http=patient(),
    )  # fmt: skip
    server = Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=sockets), name="http")
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # uvicorn has no event to wait for
        host, port = sockets[0].getsockname()[:2]
        yield (f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"), serving
    finally:
        entrance.leaving = server.should_exit = True
        with logs.silenced("uvicorn.error"):  # whom it cuts off we know, and whether they were told
            await asyncio.gather(serving, return_exceptions=True)
            await entrance.emptied(1.0)
        sockets[0].close()
        if entrance.turned_away or entrance.cut_off:
            log.info("not answered at the end", turned_away=entrance.turned_away, cut_off=entrance.cut_off)


def _bind(listen: str) -> socket.socket:
    try:
        return bound(*address_of(listen))
    except (OSError, UnicodeError) as error:
        raise EnvironmentFault("address_in_use", f"can't listen on {listen}: {error}") from error


async def serve(listen: str, make: "Callable[[], Service]", stop: asyncio.Event, ready: "Callable[[str, Service], None]") -> None:
    """Listen, then make the service and serve it until ``stop``; ``ready`` is told the address and the service.

    Raises what ``listening`` raises, and what ended the service otherwise.
    """
    entrance = Entrance()
    async with AsyncExitStack() as last, listening(listen, entrance) as (address, serving):
        make_app = await asyncio.to_thread(_imported)
        service = await last.enter_async_context(make())
        entrance.application = make_app(service)
        ready(address, service)
        watching = asyncio.create_task(_watch(service), name="watch")
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopped, watching, serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not watching.done():
                watching.cancel()
            service.leave()
        if watching.done() and not watching.cancelled() and (error := watching.exception()) is not None:
            raise error


def _imported() -> "Callable[[Service], Application]":
    """The application's maker: what it imports takes a second, in which the event loop answers."""
    from pipeline.serve.app import make_app

    return make_app


async def _watch(service: "Service") -> None:
    """Until a helper of the service died. Raises what it died of."""
    while True:
        await asyncio.sleep(0.5)
        if (trouble := service.trouble) is not None:
            raise trouble
