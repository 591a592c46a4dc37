"""How we and a child talk: a header in JSON, a payload of raw bytes, open descriptors beside them.

    | header length u32 | payload length u64 | header | payload |

JSON and not pickle, since a child that reads hostile files must not be able to hand us code.
"""

import array
import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

_LENGTHS = struct.Struct("<IQ")
_MOST = 1 << 30


class HungUp(Exception):
    """The other side is gone."""


def send(sock: socket.socket, header: dict[str, Any], payload: bytes | memoryview = b"", fds: Sequence[int] = ()) -> None:
    """Send one message. Raises HungUp."""
    text = json.dumps(header).encode()
    head = _LENGTHS.pack(len(text), len(payload)) + text
    try:
        if fds:
            sent = sock.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
            head = head[sent:]
        sock.sendall(head)
        if payload:
            sock.sendall(payload)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise HungUp from error


def receive(sock: socket.socket, fds: list[int] | None = None) -> tuple[dict[str, Any], bytes]:
    """Wait for one message; descriptors that came with it are added to ``fds``. Raises HungUp, TimeoutError."""
    lengths = _exactly(sock, _LENGTHS.size, fds)
    head, tail = _LENGTHS.unpack(lengths)
    if head + tail > _MOST:
        raise HungUp
    header = json.loads(_exactly(sock, head, fds))
    return header, bytes(_exactly(sock, tail, fds))


def _exactly(sock: socket.socket, count: int, fds: list[int] | None) -> bytearray:
    got = bytearray()
    while len(got) < count:
        try:
            if fds is None:
                piece = sock.recv(min(count - len(got), 1 << 20))
            else:
                piece, ancillary, _, _ = sock.recvmsg(count - len(got), socket.CMSG_SPACE(8 * 4))
                for level, kind, data in ancillary:
                    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                        fds.extend(memoryview(data[: len(data) // 4 * 4]).cast("i"))
        except TimeoutError:
            raise
        except OSError as error:
            raise HungUp from error
        if not piece:
            raise HungUp
        got += piece
    return got
