"""Slow and many peers: an HTTP connection says what it wants within seconds, and there is room for so many at once. A uvicorn door.

connected -> 30 s -> no whole request -> closed            one that answers or streams may last as long as it likes
more than HEAD bytes of headers -> closed                  they are kept in memory until they are whole
an answer of which nothing is read for 120 s -> closed     it holds its place, and what it is an answer to, for ever otherwise
more than PIPELINED requests behind one -> closed          each is kept, and a client sends thousands in one piece
more than MOST connections -> the new one is closed
what is no HTTP -> 400, closed, counted                    one line a minute says how many: port scanners knock all day
"""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

from pipeline import log as logs

HEAD_SECONDS = 30.0
"""from the first byte of a request, or from the connection's beginning, to the end of its headers"""
HEAD, REST = 1 << 18, 1 << 24
"""bytes of a request's headers (what came with them in one piece is counted too), and of a body that goes on when it is answered"""
UNREAD = 120.0
"""seconds in which a client reads nothing of what waits for it; one that reads slowly may take as long as it likes"""
PIPELINED = 8
"""requests of a connection that wait for the answer before theirs"""
MOST = 500
"""connections; each takes a descriptor, and films and databases need some"""
SAID_EVERY = 60.0
"""seconds between two lines about what clients did wrong"""

log = logs.get(__name__)


class Malformed:
    """What clients sent that is no HTTP, or more of it than this server speaks: counted, and told in one line a minute at most."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._said, self._untold = now, float("-inf"), 0

    def warning(self, message: str, *arguments: object) -> None:
        """What uvicorn would have logged of one connection. The first is told at once, later ones with the next that comes
        when a minute is over."""
        self._untold += 1
        if self._now() - self._said < SAID_EVERY:
            return
        log.warning("clients sent what is no HTTP, or a kind of it that is not spoken here", times=self._untold)
        self._said, self._untold = self._now(), 0


class _Logger:
    """uvicorn's logger, but that its warnings, which are all about what one client sent, are counted."""

    def __init__(self, logger: Any, malformed: Malformed) -> None:
        self._logger, self.warning = logger, malformed.warning

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)


def bound(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address, for an asynchronous server. Raises OSError, UnicodeError.

    It says that it is TCP's: asyncio sends at once (TCP_NODELAY) on those alone, and on others each answer of two parts waits for the
    acknowledgement of the first, which its client holds back for 40 ms.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    sock.set_inheritable(False)
    return sock


class _TooMany(Exception):
    """More requests than wait; the parser makes its own error of it."""


def patient(
    *, seconds: float = HEAD_SECONDS, most: int = MOST, unread: float = UNREAD, malformed: Malformed | None = None
) -> Any:
    """The protocol class for ``uvicorn.Config(http=...)``."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    base: Any = AutoHTTPProtocol
    counted = malformed or Malformed()

    class Patient(base):  # type: ignore[misc]
        _head_timer: asyncio.TimerHandle | None = None
        _unread_timer: asyncio.Handle | None = None
        _in_head, _unasked = True, 0
        logger: Any

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.logger = _Logger(self.logger, counted)

        def _unsupported_upgrade_warning(self) -> None:
            counted.warning("upgrade")  # once; uvicorn would advise to install something beside

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if len(self.connections) > most:
                transport.abort()
                return
            transport.set_write_buffer_limits(high=0)  # whatever the system does not take at once is waited for, and seen to be
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._leave()
                return
            self._unasked += len(data)
            if self._unasked > (HEAD if self._in_head else REST):
                self.transport.abort()
            elif self._head_timer is None:
                self._wait()

        def on_message_begin(self) -> None:
            self._in_head, self._unasked = True, 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._in_head = False
            if len(self.pipeline) >= PIPELINED:
                self.transport.abort()
                raise _TooMany
            super().on_headers_complete()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._unread_timer = self.loop.call_soon(self._look)  # when all is written that is written together

        def resume_writing(self) -> None:
            super().resume_writing()
            self._forget()

        def connection_lost(self, exc: Exception | None) -> None:
            self._leave()
            self._forget()
            super().connection_lost(exc)

        def _look(self) -> None:
            self._unread_timer = self.loop.call_later(unread, self._looked_again, self.transport.get_write_buffer_size())

        def _looked_again(self, before: int) -> None:
            if self.transport.get_write_buffer_size() < before:
                self._look()
            else:
                self.transport.abort()

        def _forget(self) -> None:
            if self._unread_timer is not None:
                self._unread_timer.cancel()
                self._unread_timer = None

        def _wait(self) -> None:
            self._head_timer = self.loop.call_later(seconds, self.transport.close)

        def _leave(self) -> None:
            self._unasked = 0
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return Patient
