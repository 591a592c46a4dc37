"""Who may be asked: the host that the operator named, and those of ``--allow-host``. A playlist is what a stranger wrote.

    https://tv.example/live.m3u8   names  /seg1.ts                        asked
                                          http://tv.example/seg1.ts       refused: never http from https
                                          https://cdn.example/seg1.ts     refused, but with --allow-host cdn.example
                                          http://169.254.169.254/         refused

A name is looked up once, and the addresses that were looked at are those that are connected to: a name that means another machine a
moment later gains nothing. Addresses of this machine and of private networks are refused, where the operator's own host is none.
Of several addresses (``localhost`` is ::1 and 127.0.0.1) each is tried, that one first at which somebody answered.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import InputError

Found = TypeVar("Found")
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host that may be asked, and the addresses that it is connected at, in the order in which they are tried."""

    scheme: str
    host: str
    port: int
    ips: tuple[str, ...]


class Hosts:
    """The rule for one source."""

    def __init__(self, url: str, allowed: Sequence[str] = ()) -> None:
        """``allowed``: hosts beside that of ``url``, each ``NAME`` or ``NAME:PORT``."""
        parts = urlsplit(url)
        self._secure = parts.scheme.lower() == "https"
        self._own = (_name(parts), _port(parts))
        self._allowed = {one.lower().rstrip(".") for one in allowed}
        self._own_private: bool | None = None
        self._places: dict[tuple[str, int], tuple[str, ...]] = {}

    async def place(self, url: str) -> Place:
        """Where an address is asked. Raises InputError ``host_refused``; ``source_lost`` where the name is not known."""
        try:
            parts = urlsplit(url)
            scheme, name, port = parts.scheme.lower(), _name(parts), _port(parts)
        except ValueError:
            raise InputError("host_refused", "the playlist names what is no address") from None
        if scheme not in PORTS:
            raise InputError(
                "host_refused", f"the playlist names an address by {scheme or 'no scheme'}; only http and https are asked"
            )
        if self._secure and scheme != "https":
            raise InputError("host_refused", f"the playlist came by https and names {name} by http")
        own = (name, port) == self._own
        if not own and name not in self._allowed and f"{name}:{port}" not in self._allowed:
            raise InputError(
                "host_refused",
                f"the playlist names {name}:{port}, which is not the host that it came from; --allow-host {name}:{port} asks it",
            )
        if self._own_private is None:
            self._own_private = all(map(_private, await self._look_up(*self._own)))
        ips = await self._look_up(name, port)
        if not own and any(map(_private, ips)) and not self._own_private:
            raise InputError("host_refused", f"the playlist names {name}, which is in a private network")
        return Place(scheme=scheme, host=name, port=port, ips=ips)

    async def reached(self, place: Place, ask: Callable[[str], Awaitable[Found]], absent: tuple[type[Exception], ...]) -> Found:
        """What ``ask`` gives of the first of a place's addresses at which somebody is; that one is tried first from now on.

        ``absent``: what ``ask`` raises where nobody is. Raises the last address's.
        """
        for ip in place.ips[:-1]:
            with suppress(*absent):
                return self._first(place, ip, await ask(ip))
        return self._first(place, place.ips[-1], await ask(place.ips[-1]))

    def _first(self, place: Place, ip: str, found: Found) -> Found:
        self._places[place.host, place.port] = tuple(dict.fromkeys((ip, *place.ips)))
        return found

    async def _look_up(self, name: str, port: int) -> tuple[str, ...]:
        """The name's addresses, looked up once. A host that moves is found at the next connection."""
        if (name, port) not in self._places:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise InputError(
                    "source_lost", f"{name} is not found: {str(getattr(error, 'strerror', '') or error).lower()}"
                ) from None
            self._places[name, port] = tuple(dict.fromkeys(str(one[4][0]) for one in found))
        return self._places[name, port]


def _name(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().rstrip(".")


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS.get(parts.scheme.lower(), 0)


def _private(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not mapped.is_global
