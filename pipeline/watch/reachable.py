"""Where a webhook may go that somebody else named: a job of ``serve`` has one, and this machine stands where its sender does not.

    https://hooks.example.org/x   its address is public, and exactly that one is connected to
    http://169.254.169.254/       refused: a cloud's secrets        http://localhost:5432/, http://10.0.0.7/   refused but with --allow-webhook

The operator's own webhook (``watch``, ``live``) goes wherever the operator says.
"""

import asyncio
import ipaddress
from collections.abc import Collection
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pipeline.imagesources.connecting import Refused, is_public, public_addresses

_OURS = ("localhost", ".localhost")
"""the end of names that mean this machine, whatever a name server says"""


class Reachable:
    """The rule. ``allowed``: hosts of private networks, each ``NAME`` or ``NAME:PORT``."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(one.lower().rstrip(".") for one in allowed)

    def refuses(self, url: str) -> str:
        """The host of an address of digits, or of this machine, that is refused without a look-up; an empty text of any other."""
        host, port = _host(url)
        if self._is_named(host, port):
            return ""
        with suppress(ValueError):
            return "" if is_public(str(ipaddress.ip_address(host))) else host
        return host if host.endswith(_OURS) else ""

    async def pinned(self, url: str) -> tuple[str, dict[str, str], dict[str, Any]]:
        """The address with its host looked up, and the headers and extensions of httpx that say which host is meant.

        Raises Refused where one of the host's addresses is not public, OSError where it has none.
        """
        parts, (host, port) = urlsplit(url), _host(url)
        trusted = frozenset({host}) if self._is_named(host, port) else frozenset[str]()
        if host.endswith(_OURS) and not trusted:
            raise Refused(f"{host} is this machine")
        found = (await asyncio.to_thread(public_addresses, host, port, trusted))[0]
        user, at, named = parts.netloc.rpartition("@")
        there = f"{quote(user, safe=':%')}{at}{f'[{found}]' if ':' in found else found}:{port}"
        return urlunsplit(parts._replace(netloc=there)), {"Host": named}, {"sni_hostname": host}

    def _is_named(self, host: str, port: int) -> bool:
        return host in self._allowed or f"{host}:{port}" in self._allowed


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
