"""Opening a stream that does not end: one scheme, few formats, time-outs that hold. An av door beside ``libav``.

Libav's own ``timeout`` does not interrupt a pipe, so a pipe is an object whose ``read`` polls and raises.
"""

import errno
import os
import select
import struct
from typing import Any

import av

from pipeline.errors import InputError
from pipeline.video.cropping import Cropping
from pipeline.video.decode import libav
from pipeline.video.live.messages import Opening

AvError = av.error.FFmpegError
HEAD = 1 << 20
"""bytes of what a pipe begins with that are kept until it is opened: what its container says of the pictures stands there"""
QUICK = {"analyzeduration": "500000", "probesize": "200000"}
"""with the defaults RTMP opens after 6 s and gives pictures that are 5 s old"""

NO_DOOR = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)
"""why nobody can come to us"""


class Silent(OSError):
    """A pipe gave nothing for its time."""


class Pipe:
    """A descriptor as libav reads it. ``patience``: seconds without a byte after which ``read`` raises Silent. ``head``: what it began with."""

    def __init__(self, fd: int, patience: float) -> None:
        self._fd, self._patience, self.head = fd, patience, bytearray()
        self._opening = True
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN | select.POLLHUP)

    def read(self, count: int) -> bytes:
        if not self._poll.poll(self._patience * 1000):
            raise Silent("nothing came through the pipe")
        data = os.read(self._fd, count)
        if self._opening:
            self.head += data[: HEAD - len(self.head)]
        return data

    def opened(self) -> bytes:
        """What it began with, which is not kept any more."""
        self._opening = False
        head, self.head = bytes(self.head), bytearray()
        return head


def open_stream(opening: Opening, fd: int | None) -> tuple[Any, bytes]:
    """The container of a stream, and what a pipe began with.

    Raises InputError: ``source_silent``, ``not_authorized``, ``not_found``, ``port_taken``, ``source_lost``.
    """
    options = {**QUICK, **opening.options}
    if opening.formats:
        options["format_whitelist"] = opening.formats
    options["protocol_whitelist"] = opening.protocols or "pipe"
    where: Any = opening.url
    pipe: Pipe | None = None
    if opening.pipe:
        assert fd is not None
        where = pipe = Pipe(fd, max(opening.open_seconds, opening.read_seconds))
    elif fd is not None:
        where = f"/proc/self/fd/{fd}"
    try:
        container = av.open(
            where,
            format=opening.format or None,
            options=options,
            timeout=None if opening.pipe else (opening.open_seconds, opening.read_seconds),
            metadata_errors="replace",
        )
        return container, pipe.opened() if pipe is not None else b""
    except (AvError, OSError, ValueError, MemoryError) as error:
        raise _fault(error, opening) from None


def _fault(error: Exception, opening: Opening) -> InputError:
    """What an error of libav means for who waits to connect again."""
    number = getattr(error, "errno", None)
    said = str(getattr(error, "strerror", "") or error)
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return InputError("not_authorized", "the source wants another user or password", detail=said)
    if isinstance(error, av.error.HTTPNotFoundError | av.error.FileNotFoundError):
        return InputError("not_found", "there is no such stream at the source", detail=said)
    if isinstance(error, Silent | av.error.ExitError | TimeoutError) or number in (110, 1414092869):
        return InputError("source_silent", "the source gave nothing in time", detail=said)
    # libav complains before it looks at errno, and where it complains to is no terminal: that is what it then tells
    udp, door = opening.url.startswith("udp:"), opening.options.get("listen") == "1"
    if (udp and number in (*NO_DOOR, errno.ENOTTY)) or (door and number in NO_DOOR):
        what = "another program has this port, or the address is none of this machine"
        return InputError("port_taken", f"nothing can be received: {what}", detail=said)
    return InputError("source_lost", f"the source can't be opened: {said.lower()}", detail=said)


def picture_stream(container: Any) -> Any:
    """The video stream to read. Raises InputError ``no_video_stream``, ``no_decoder``."""
    videos = [stream for stream in container.streams.video if not stream.disposition & 1 << 10]
    if not videos:
        raise InputError("no_video_stream", "there is no picture in this stream")
    decodes = [stream for stream in videos if stream.codec_context is not None]
    if not decodes:
        raise InputError("no_decoder", "there is no decoder for the picture of this stream")
    return max(decodes, key=lambda stream: stream.width * stream.height)


def shown_part(head: bytes, container: Any, stream: Any) -> Cropping | None:
    """What the container of a pipe cuts off of a stream's pictures, by what the pipe began with; None where all of them is shown."""
    with os.fdopen(os.memfd_create("scenescribe-head", os.MFD_CLOEXEC), "wb") as file:
        file.write(head)
        file.flush()
        return libav.cropped(file.fileno(), container, stream)


def taken_at(packet: Any) -> tuple[float, int] | None:
    """(UTC of a packet's capture in seconds, an id of the report that says so), where its sender reports (RTCP)."""
    if not packet.has_sidedata("prft"):
        return None
    micros, _ = struct.unpack_from("<qi", bytes(packet.get_sidedata("prft")))
    return (micros / 1e6, 0) if micros > 0 else None


def report_of(packet: Any) -> int | None:
    """The NTP stamp of the sender's report that came with this packet, its 64 bits with a sign: it only tells one report from the next."""
    if not packet.has_sidedata("rtcp_sr"):
        return None
    data = bytes(packet.get_sidedata("rtcp_sr"))
    return int(struct.unpack_from("<q", data, 8)[0]) if len(data) >= 16 else None
