"""Ports for programs that have to be told one; whoever can takes port 0 and is asked what it got."""

import contextlib
import os
import random
import socket

FIRST, LAST = 12_000, 32_000
"""below those that the kernel gives to who asks for any: whoever connects somewhere would take one before its program has it"""
_given: set[int] = set()


def free_port() -> int:
    """An even port of this machine that nobody has, by UDP and TCP, nor the one after it (RTP's reports go there).

    Nobody else of this run gets it: each of pytest's processes has ports of its own, and gives none twice.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for _ in range(1000):
        port = 2 * (random.SystemRandom().randrange(FIRST // 2 + count, LAST // 2 - count) // count * count + number)
        if port in _given:
            continue
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                for one in (port, port + 1):
                    stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", one))
            _given.add(port)
            return port
    raise RuntimeError("no port of this machine is free")


def listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
