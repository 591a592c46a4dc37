"""Where a Ray cluster is said to be: looked at before Ray is, which waits for minutes where nobody answers."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable

from pipeline.errors import EnvironmentFault, UsageError

REACHED = 10.0
"""seconds in which a machine that is there takes a connection"""
ANSWERED = 120.0
"""seconds for Ray's own look at a cluster, which gives up after 40"""
SILENT = b"Timed out while waiting for GCS"
"""its words for one that says nothing"""


def host_and_port(address: str) -> tuple[str, str]:
    """``10.0.0.7:6379``, ``[::1]:6379``, ``ray://head:10001``; no port where there is none, as in ``auto``."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    return (host.strip("[]"), port) if host else (address, "")


def refuse_silent(address: str) -> None:
    """Raises EnvironmentFault ``no_cluster`` where nobody takes a connection at HOST:PORT, or nobody that speaks as Ray does: ``ray.init``
    asks such an address for ever. Blocks for REACHED and ANSWERED seconds at most, two where all is well."""
    host, port = host_and_port(address)
    if not (port.isascii() and port.isdecimal()):
        return
    try:
        socket.create_connection((host, int(port)), REACHED).close()
    except (OSError, OverflowError, UnicodeError) as error:
        says = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        raise EnvironmentFault("no_cluster", f"--cluster {address}: nobody answers there: {says}") from error
    if address.startswith("ray://"):  # another protocol, whose client has time-outs of its own
        return
    asked = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", f"{host}:{port}"]
    try:
        said = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWERED, check=False).stderr
    except subprocess.TimeoutExpired:
        said = SILENT
    if SILENT in said:
        raise EnvironmentFault("no_cluster", f"--cluster {address}: what answers there is no Ray cluster, or one that is stuck")


def refuse_open(address: str, ours: Callable[[], str]) -> None:
    """Raises UsageError ``cluster_open`` for a cluster of another machine that takes orders from anybody. ``ours``: tells this one's
    address in Ray's network."""
    host = host_and_port(address)[0]
    if host in ("auto", "local", "localhost", "127.0.0.1", "::1"):
        return
    if host == ours() or os.environ.get("RAY_AUTH_MODE") == "token" or os.environ.get("RAY_AUTH_TOKEN"):
        return
    text = f"--cluster {address}: whoever reaches a Ray cluster without a token runs programs on it"
    raise UsageError(
        "cluster_open", f"{text}; set RAY_AUTH_MODE=token there and here, or give --insecure-cluster in a network of your own"
    )
