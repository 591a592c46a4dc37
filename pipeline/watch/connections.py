"""Slow and many peers: an HTTP connection says what it wants within seconds, and there is room for so many at once. A uvicorn door.

connected -> 30 s -> no whole request -> closed            one that answers or streams may last as long as it likes
more than MOST connections -> the new one is closed
"""

import asyncio
from typing import Any

HEAD_SECONDS = 30.0
"""from the first byte of a request, or from the connection's beginning, to the end of its headers"""
MOST = 500
"""connections; each takes a descriptor, and films and databases need some"""


def patient(*, seconds: float = HEAD_SECONDS, most: int = MOST) -> Any:
    """The protocol class for ``uvicorn.Config(http=...)``."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    base: Any = AutoHTTPProtocol

    class Patient(base):  # type: ignore[misc]
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if len(self.connections) > most:
                transport.abort()
                return
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._leave()
            elif self._head_timer is None:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._leave()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._head_timer = self.loop.call_later(seconds, self.transport.close)

        def _leave(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return Patient
