"""A Ray cluster of this machine alone (``--cluster local``) that nobody else comes into.

Ray listens on every network of the machine (it puts the machine's address for a loopback that it is given) and left to itself asks for
no token, so whoever reaches a port of it runs programs as we do; and its folder is one that every user of the machine may write to.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models.temporary import temporary_folder

LONGEST = 40
"""characters of the folder's path: names of sockets below it are up to 66 longer, and 107 is the most that a socket's name may have"""

REGISTERING = 120.0
"""seconds that a node of this machine has to come up"""

NICENESS = "RAY_worker_niceness"
"""Ray's setting, by its environment variable: what is added to the niceness of each worker"""


@contextmanager
def alone() -> Iterator[dict[str, Any]]:
    """What ``ray.init`` is given, for as long as the cluster lives; call it before Ray is imported.

    Its token is of this run and known to its processes alone; its folder is private (0700) and gone afterwards.
    Its workers have this process's priority. Left to itself Ray adds 15 to their niceness: a host there, with its engine and its decoders,
    got a quarter of what it got without Ray, as soon as anything else was at work on the machine.
    """
    told = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        NICENESS: os.environ.get(NICENESS, "0"),
    }
    before = {name: os.environ.get(name) for name in told}
    with temporary_folder(LONGEST - len("/ray")) as folder:
        os.environ.update(told)
        inner = folder / "ray"  # Ray opens the folder that it is given to all: this one stands inside a private one
        place = {"_temp_dir": str(inner)} if len(str(inner)) <= LONGEST else {}
        try:
            yield {"include_dashboard": False, **place}
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextmanager
def slow_nodes(ray: Any) -> Iterator[None]:
    """While this lasts, Ray waits REGISTERING seconds for a node that it starts.

    By itself it gives up after 30 (``ray._private.node``), which a busy machine does not keep, and has no setting for it. Where its insides
    have other names than today, its own 30 seconds hold.
    """
    services = getattr(getattr(ray, "_private", None), "services", None)
    asked = getattr(services, "get_node", None)
    if services is None or asked is None:
        yield
        return

    def get_node(*arguments: Any, **named: Any) -> Any:
        """Of the node that comes up, what the cluster knows of it. Raises RuntimeError where it knows nothing."""
        until = time.monotonic() + REGISTERING
        while True:
            try:
                return asked(*arguments, **named)
            except RuntimeError:
                if time.monotonic() >= until:
                    raise
            time.sleep(0.1)

    services.get_node = get_node
    try:
        yield
    finally:
        services.get_node = asked
