"""The server: THE uvicorn door. One process, one event loop: a second one would load the model twice."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pipeline.errors import EnvironmentFault
from pipeline.serve.app import make_app
from pipeline.serve.service import Service
from pipeline.watch.connections import patient
from pipeline.watch.health import address_of

if TYPE_CHECKING:
    import uvicorn

LEAVE = 3
"""seconds in which open answers may end after the service was told to stop"""


@asynccontextmanager
async def listening(service: Service) -> "AsyncIterator[tuple[str, asyncio.Task[None]]]":
    """Serve while the block runs: the address, and the task that ends where a part of the service died.

    Raises UsageError ``bad_value``, EnvironmentFault ``address_in_use``.
    """
    import uvicorn

    class Quiet(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self):  # type: ignore[no-untyped-def]
            yield  # signals are the command line's

    sockets = [_bind(service.settings.listen)]
    config = uvicorn.Config(
        make_app(service), log_config=None, access_log=False, server_header=False, date_header=True, lifespan="off",
        timeout_graceful_shutdown=LEAVE, timeout_keep_alive=30, proxy_headers=False, ws="none",
        http=patient(),
    )  # fmt: skip
    server = Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=sockets), name="http")
    watching = asyncio.create_task(_watch(service, server), name="watch")
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # uvicorn has no event to wait for
        host, port = sockets[0].getsockname()[:2]
        yield (f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"), watching
    finally:
        watching.cancel()
        server.should_exit = True
        await asyncio.gather(serving, watching, return_exceptions=True)
        sockets[0].close()


async def _watch(service: Service, server: "uvicorn.Server") -> None:
    """Until a helper of the service died. Raises what it died of."""
    while True:
        await asyncio.sleep(0.5)
        if (trouble := service.trouble) is not None:
            server.should_exit = True
            raise trouble


def _bind(listen: str) -> socket.socket:
    host, port = address_of(listen)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, UnicodeError) as error:
        raise EnvironmentFault("address_in_use", f"can't listen on {listen}: {error}") from error
    sock.set_inheritable(False)
    return sock


async def serve(service: Service, stop: asyncio.Event, ready: Callable[[str], None]) -> None:
    """Serve until ``stop``; ``ready`` is told the address. Raises what ended it otherwise."""
    async with service, listening(service) as (address, watching):
        ready(address)
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, watching}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if watching.done() and not watching.cancelled() and (error := watching.exception()) is not None:
            raise error
