"""The child process that decodes. ``python -m pipeline.video.decode.worker`` with a socket as its standard input.

``children.messages`` lists what it is asked and answers. Frames go through the ring: slots of shared memory, used in turn; ``room``
is an eventfd that counts free slots. A file that crashes this process costs itself only. When the parent is gone the socket hangs up
and we leave, whatever we do.
"""

import ctypes
import math
import os
import resource
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline import sandbox
from pipeline.accident import no_thread
from pipeline.errors import InputError
from pipeline.video.children import codec, wire
from pipeline.video.children.messages import (
    Failure,
    ListFrames,
    Locate,
    Probe,
    Probed,
    Read,
    Ready,
    Refused,
    Reply,
    Request,
    TableData,
    Tick,
    Unclean,
    Unpack,
)
from pipeline.video.children.ring import Writer
from pipeline.video.children.segments import Role, Segment
from pipeline.video.cuts.sizes import sudden
from pipeline.video.decode import decoding, libav, pyav_reader
from pipeline.video.decode.card import Card, CardMissing, devices
from pipeline.video.decode.cut_finder import CutFinder
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.delivery import Delivery
from pipeline.video.decode.describe import describe
from pipeline.video.decode.locate import located
from pipeline.video.decode.plan import Action, plan
from pipeline.video.decode.reader import Reader
from pipeline.video.decode.wanted import Wanted, has_stand_in
from pipeline.video.encrypted import refuse_encrypted
from pipeline.video.table import Table

_TOO_LARGE = Failure(code="frame_too_large", message="its pictures need more memory than a reader may take", data={})


class Worker:
    """Answers requests until the parent hangs up."""

    def __init__(self, sock: socket.socket, card: Card | None = None) -> None:
        self._sock, self._card = sock, card
        self._tables: dict[int, Table] = {}
        self._sudden: tuple[int, NDArray[np.bool_]] | None = None
        self._last_tick = 0.0

    def serve(self) -> None:
        while True:
            fds: list[int] = []
            try:
                request = codec.request(*wire.receive(self._sock, fds))
            except wire.HungUp:
                return
            try:
                self._answer(request, fds)
            except (InputError, decoding.Unclean) as error:  # libav and OpenCV don't say that they had no thread
                told = no_thread() or error
                if isinstance(told, InputError):
                    self._send(Failure(code=told.code, message=told.message, data={k: str(v) for k, v in told.data.items()}))
                else:
                    self._send(Unclean())
            except decoding.Refused:
                self._send(Refused())
            except MemoryError:
                self._send(_TOO_LARGE)
            finally:
                for fd in fds:
                    os.close(fd)

    def _answer(self, request: Request, fds: list[int]) -> None:
        match request:
            case Probe():
                _allow(request.cpu)
                self._send(_probed(request, fds[0]))
            case ListFrames():
                _allow(request.cpu)
                self._list(request, fds[0])
            case Locate():
                _allow(request.cpu)
                for found in located(fds[0], request):
                    if found is None:
                        self._tick(0, 0.0)
                    else:
                        self._send(found)
            case TableData():
                self._tables = {request.number: request.table()}
            case Read():
                _allow(request.cpu)
                self._read(request, *fds)
            case Unpack():
                from pipeline.video.decode import stills  # who reads films alone needs no Pillow

                _allow(request.cpu)
                self._send(stills.unpacked(request, fds[0]))

    def _list(self, request: ListFrames, fd: int) -> None:
        for table in pyav_reader.list_packets(fd, start=request.start, fps=request.fps, most=request.most):
            if table is None:
                self._tick(0, 0.0)
            else:
                self._tables = {request.table: table}
                self._send(TableData.of(request.table, table))

    def _read(self, request: Read, fd: int, memory: int, room: int) -> None:
        table, segment = self._tables[request.table], Segment.unpack(request.segment)
        ring = Writer(memory, room, request.size, request.slots)
        large = self._large(request.table) if request.options.cuts else None
        reader, frames = _reader(request, table, segment, fd, large, self._card if request.card else None)
        finder = CutFinder(request, table, fd, large) if large is not None else None
        delivery = Delivery(self._send, reader, Wanted(table, segment, loose=request.options.loose), ring, finder)
        try:
            for shown in frames:
                if shown is None:
                    self._tick(reader.decoded, delivery.seconds)
                else:
                    delivery.take(shown)
        finally:
            ring.close()
        delivery.finish()

    def _large(self, number: int) -> NDArray[np.bool_]:
        """The suddenly large packets of a table, found once for all segments of a film."""
        if self._sudden is None or self._sudden[0] != number:
            self._sudden = number, sudden(self._tables[number])
        return self._sudden[1]

    def _send(self, message: Reply) -> None:
        wire.send(self._sock, *codec.encode(message))

    def _tick(self, decoded: int, seconds: float) -> None:
        now = time.monotonic()
        if now - self._last_tick > 0.5:
            self._last_tick = now
            self._send(Tick(decoded=decoded, seconds=seconds))


def _probed(request: Probe, fd: int) -> Probed:
    refuse_encrypted(fd)
    with libav.open_container(fd) as container:
        if len(container.streams) > request.streams:
            raise InputError("unsupported_or_corrupt", f"it has {len(container.streams)} streams, more than any film")
        stream = libav.film_stream(container)
        return describe(container, stream, request.pixels, libav.cropped(fd, container, stream))


def _reader(
    request: Read, table: Table, segment: Segment, fd: int, large: NDArray[np.bool_] | None, card: Card | None
) -> tuple[Reader, Iterator[Decoded | None]]:
    """A reader, and its frames: everything that it will decode of a segment."""
    options = request.options
    if options.reader == "opencv":
        from pipeline.video.decode.opencv_reader import OpenCVReader

        opencv = OpenCVReader(fd, size=request.size, threads=request.threads, offset=request.offset)
        return opencv, opencv.read(table, segment.targets.tolist())
    pyav = pyav_reader.PyAVReader(
        fd,
        size=request.size,
        turn=request.rotation,
        mirrored=request.mirrored,
        deinterlace=request.interlaced,
        threads=request.threads,
        card=card,
    )
    made = plan(
        table, segment.targets, everything=options.everything or request.interlaced, large=None if options.keyframes else large
    )
    if options.loose:
        any_will_do = ((segment.roles & (Role.UNSENT | Role.EXACT)) == 0) & has_stand_in(table, segment.targets)
        any_will_do[-1] = False  # something has to come at the end
        made.actions[table.packets[segment.targets[any_will_do]] - made.first] &= ~np.uint8(Action.TARGET)
    return pyav, pyav.read(table, made)


def _allow(seconds: int) -> None:
    """Let this process use so much more processor time; then the kernel ends it (SIGXCPU)."""
    if seconds:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = math.ceil(sum(os.times()[:2])) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _leave_with_parent(sock: socket.socket) -> None:
    """Wait for the parent to hang up, then end at once."""
    poll = select.poll()
    poll.register(sock, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
    while True:
        try:
            if poll.poll():
                os._exit(0)
        except InterruptedError:
            continue


def main() -> None:
    memory, index = int(sys.argv[1]), int(sys.argv[2])
    ctypes.CDLL(None).prctl(15, b"scenescribe-rd", 0, 0, 0)
    sandbox.limit(resource.RLIMIT_CORE, 0)
    libav.listen()
    card, why = None, ""
    if index >= 0:
        try:
            card = Card(index)
        except CardMissing as missing:
            why = str(missing)
    # CUDA reserves more addresses than there is memory, so beside it only what is used is bounded
    sandbox.limit(resource.RLIMIT_DATA if card else resource.RLIMIT_AS, memory)
    sandbox.enter(gpu=devices() if card else ())
    sock = socket.socket(fileno=0)
    threading.Thread(target=_leave_with_parent, args=(sock,), daemon=True).start()
    wire.send(sock, *codec.encode(Ready(pid=os.getpid(), card=card is not None, why=why)))
    Worker(sock, card).serve()


if __name__ == "__main__":
    main()
