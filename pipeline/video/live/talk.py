"""What we and a reading process say to each other: one JSON object a message, descriptors beside it."""

import json
import socket
from collections.abc import Sequence
from typing import Any

from pipeline.video.children import wire
from pipeline.video.children.wire import HungUp

__all__ = ["HungUp", "receive", "send"]


def send(sock: socket.socket, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
    """Raises HungUp."""
    wire.send(sock, json.dumps(message).encode(), fds=fds)


def receive(sock: socket.socket, fds: list[int] | None = None) -> dict[str, Any]:
    """Wait for one message. Raises HungUp, TimeoutError, ValueError where it is none."""
    told: dict[str, Any] = json.loads(wire.receive(sock, fds)[0])
    return told
