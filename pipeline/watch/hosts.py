"""By which names a server of ours may be called: a page elsewhere that rebinds its own name to this machine is sent away."""

import ipaddress
import socket
from collections.abc import Collection


def is_called_right(host: str, also: Collection[str] = ()) -> bool:
    """Whether the header ``Host`` names an address, localhost, this machine, or one of ``also`` (in small letters)."""
    name = name_in(host)
    return name in ("localhost", socket.gethostname().lower()) or name in also or _is_address(name)


def is_loopback(address: str) -> bool:
    """Whether this machine alone can call here."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def name_in(host: str) -> str:
    """``[::1]:8770`` -> ``::1``; ``Films.example.org:80`` -> ``films.example.org``."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.count(":") == 1 else host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
