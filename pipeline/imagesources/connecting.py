"""Which addresses are connected to, and until when. An httpcore door.

A name is resolved once, each of its addresses has to be public, and exactly that one is connected to: a name that means another
address a moment later (DNS rebinding) gains nothing. A server that sends a byte now and then is left when the time is over, in its
headers too: httpcore's own bounds begin anew with each byte.
"""

import ipaddress
import socket
import threading
import time
from typing import Any

_GLOBAL = ipaddress.IPv6Network("2000::/3")
"""all that IPv6 gives out for the internet; what lies outside is local, or leads to IPv4 by ways of its own"""
_INNER = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64: an IPv4 address in an IPv6 one"""
_CLOSED = tuple(map(ipaddress.ip_network, ("3fff::/20", "192.88.99.0/24", "192.0.0.0/24")))
"""documentation, relays that nobody runs any more, and what the protocol keeps for itself: Python 3.11 knows them in part"""
_clock = threading.local()


class Refused(Exception):
    """An address that is not connected to."""


def until(end: float) -> None:
    """What this thread fetches is over at this moment of ``time.monotonic``."""
    _clock.end = end


def public_addresses(host: str, port: int, allowed: frozenset[str]) -> list[str]:
    """Where a host may be connected to. Raises Refused where one of its addresses is not public, OSError where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(f"{host} is no host's name") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if host.lower() not in allowed and not is_public(address):
            which = "" if host == address else f" is {address}, which"
            raise Refused(f"{host}{which} is no public address")
    return addresses


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet, and to nobody's own network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if inner is not None:
        found = inner
    if isinstance(found, ipaddress.IPv6Address) and found in _INNER:
        found = ipaddress.ip_address(int(found) & 0xFFFFFFFF)
    if isinstance(found, ipaddress.IPv6Address) and found not in _GLOBAL:
        return False
    return found.is_global and not found.is_multicast and not any(found in net for net in _CLOSED if net.version == found.version)


def pinned(allowed: frozenset[str]) -> Any:
    """How httpcore connects. ``allowed``: hosts that may have a private address."""
    import httpcore

    class Pinned(httpcore.SyncBackend):
        def connect_tcp(
            self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
        ) -> httpcore.NetworkStream:
            last: Exception | None = None
            for address in public_addresses(host, port, allowed):
                try:
                    return Timed(super().connect_tcp(address, port, _left(timeout), local_address, socket_options))
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    last = error
            raise last or httpcore.ConnectError(f"{host} has no address")

    class Timed(httpcore.NetworkStream):
        """A connection whose reader has a last moment."""

        def __init__(self, inner: httpcore.NetworkStream) -> None:
            self._inner = inner

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._inner.read(max_bytes, _left(timeout))

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._inner.write(buffer, _left(timeout))

        def close(self) -> None:
            self._inner.close()

        def start_tls(
            self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
        ) -> httpcore.NetworkStream:
            return Timed(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

        def get_extra_info(self, info: str) -> Any:
            return self._inner.get_extra_info(info)

    def _left(timeout: float | None) -> float | None:
        end: float | None = getattr(_clock, "end", None)
        if end is None:
            return timeout
        left = end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("it did not end in its time")
        return left if timeout is None else min(timeout, left)

    return Pinned()
