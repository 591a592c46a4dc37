"""How bytes go between us and a child: a header, a payload of raw bytes, open descriptors beside them.

| header length u32 | payload length u64 | header | payload |
"""

import array
import socket
import struct
from collections.abc import Callable, Sequence

_LENGTHS = struct.Struct("<IQ")
LARGEST_HEADER = 1 << 26
LARGEST = 1 << 30


class HungUp(Exception):
    """The other side is gone, or says what is too large to be meant."""


def send(sock: socket.socket, header: bytes, payload: bytes | memoryview = b"", fds: Sequence[int] = ()) -> None:
    """Send one message. Raises HungUp."""
    head = _LENGTHS.pack(len(header), len(payload)) + header
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


def receive(
    sock: socket.socket, fds: list[int] | None = None, *, go_on: Callable[[], bool] = lambda: False
) -> tuple[bytes, bytes]:
    """Wait for one message; descriptors that came with it are added to ``fds``. ``go_on`` is asked each time that the socket's time-out
    passes in silence. Raises HungUp, TimeoutError."""
    lengths = _exactly(sock, _LENGTHS.size, fds, go_on)
    head, tail = _LENGTHS.unpack(lengths)
    if head > LARGEST_HEADER or tail > LARGEST:
        raise HungUp
    return bytes(_exactly(sock, head, fds, go_on)), bytes(_exactly(sock, tail, fds, go_on))


def _exactly(sock: socket.socket, count: int, fds: list[int] | None, go_on: Callable[[], bool]) -> bytearray:
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
            if go_on():
                continue
            raise
        except OSError as error:
            raise HungUp from error
        if not piece:
            raise HungUp
        got += piece
    return got
