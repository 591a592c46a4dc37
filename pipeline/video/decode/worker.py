"""The child process that decodes. ``python -m pipeline.video.decode.worker`` with a socket as its standard input.

    request  {"op": "probe"}                          + the film's descriptor    -> info
    request  {"op": "list", "table": id, ...}         + the film's descriptor    -> the table
    request  {"op": "read", "table": id, ...} targets + film, ring, room         -> frame*, cut*, tick*, done
    any of them                                                                  -> error

Frames go through the ring: slots of shared memory, used in turn; ``room`` is an eventfd that counts free slots. A file
that crashes this process costs itself only. When the parent is gone the socket hangs up and we leave, whatever we do.
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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.video.children import wire
from pipeline.video.children.ring import Writer
from pipeline.video.cuts.sizes import sudden
from pipeline.video.decode import libav, pyav_reader, sandbox
from pipeline.video.decode.cut_finder import CutFinder
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.decoding import Unclean
from pipeline.video.decode.plan import Action, plan
from pipeline.video.table import Table, pack, unpack

STAND_IN = 1.0
"""seconds within which the next readable frame may stand in for a lost one"""


class Worker:
    """Answers requests until the parent hangs up."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._tables: dict[int, Table] = {}
        self._sudden: tuple[int, NDArray[np.bool_]] | None = None
        self._last_tick = 0.0

    def serve(self) -> None:
        while True:
            fds: list[int] = []
            try:
                request, payload = wire.receive(self._sock, fds)
            except wire.HungUp:
                return
            _allow(request.get("cpu", 0))
            try:
                getattr(self, f"do_{request['op']}")(request, payload, fds)
            except InputError as error:
                wire.send(
                    self._sock,
                    {"error": error.code, "message": error.message, "data": {k: str(v) for k, v in error.data.items()}},
                )
            except Unclean:
                wire.send(self._sock, {"unclean": True})
            except MemoryError:
                wire.send(
                    self._sock,
                    {"error": "frame_too_large", "message": "its pictures need more memory than a reader may take", "data": {}},
                )
            finally:
                for fd in fds:
                    os.close(fd)

    def do_probe(self, request: dict[str, Any], _: bytes, fds: list[int]) -> None:
        with libav.open_container(fds[0]) as container:
            if len(container.streams) > request["streams"]:
                raise InputError("unsupported_or_corrupt", f"it has {len(container.streams)} streams, more than any film")
            wire.send(self._sock, libav.describe(container, libav.film_stream(container), request["pixels"]))

    def do_list(self, request: dict[str, Any], _: bytes, fds: list[int]) -> None:
        for table in pyav_reader.list_packets(fds[0], start=request["start"], fps=request["fps"], most=request["frames"]):
            if table is None:
                self._tick(0.0, 0)
            else:
                self._tables = {request["table"]: table}
                wire.send(self._sock, *pack(table))

    def do_table(self, request: dict[str, Any], payload: bytes, _: list[int]) -> None:
        self._tables = {request["table"]: unpack(request, payload)}

    def do_read(self, request: dict[str, Any], payload: bytes, fds: list[int]) -> None:
        table, targets = self._tables[request["table"]], np.frombuffer(payload, np.int64)
        size = (request["size"][0], request["size"][1])
        ring = Writer(fds[1], fds[2], size, request["slots"])
        begun = time.perf_counter()
        large = self._large(request["table"]) if request["cuts"] else None
        reader, walk = self._reader(request, table, targets, fds[0], large)
        finder = CutFinder(request, table, fds[0], large) if large is not None else None
        frames = 0
        waiting = targets.tolist()[::-1]
        silent, loose = set(request["silent"]), request["loose"]
        waited = 0.0
        late: list[dict[str, Any]] = []
        try:
            for shown in walk:
                if shown is None:
                    self._tick(time.perf_counter() - begun - waited, reader.decoded)
                    continue
                missed = []
                while waiting and waiting[-1] < shown.rank:
                    missed.append(waiting.pop())
                wanted = bool(waiting) and waiting[-1] == shown.rank
                sent = shown.rank not in silent
                if loose and missed and table.times[shown.rank] - table.times[missed[-1]] <= STAND_IN:
                    sent = sent or any(rank not in silent for rank in missed)
                    wanted, missed = True, []
                if waiting and waiting[-1] == shown.rank:
                    waiting.pop()
                elif missed and table.times[shown.rank] - table.times[missed[-1]] <= STAND_IN:
                    missed.pop()
                    wanted = True
                missed = [rank for rank in missed if rank not in silent]
                if missed:
                    self._send(late)
                    wire.send(self._sock, {"lost": missed})
                image = shown.image() if wanted and sent else None
                if finder is not None:
                    for cut in finder.see(shown, wanted and shown.rank not in request["peeks"]):
                        wire.send(self._sock, {"cut": cut})
                    if wanted:
                        self._send(late)
                    reader.watchful = finder.watchful
                    if head := finder.head():
                        wire.send(self._sock, {"head": shown.rank}, head)
                frames += wanted
                if image is not None:
                    before = time.perf_counter()
                    slot = ring.put(image)
                    waited += time.perf_counter() - before
                    late.append({"frame": shown.rank, "slot": slot, "corrupt": shown.corrupt})
                    if finder is None or not finder.undecided:  # else the cut before it is told first, if it is one
                        self._send(late)
        finally:
            ring.close()
        for cut in finder.finish() if finder is not None else ():
            wire.send(self._sock, {"cut": cut})
        self._send(late)
        lost = [rank for rank in waiting[::-1] if rank not in silent]
        if lost:
            wire.send(self._sock, {"lost": lost})
        tail = finder.tail() if finder is not None else b""
        spent = time.perf_counter() - begun - waited
        damaged = sorted({rank for rank in reader.damaged if rank >= 0})[:10000]
        wire.send(self._sock, {"done": frames, "decoded": reader.decoded, "seconds": spent, "damaged": damaged}, tail)

    def _large(self, number: int) -> NDArray[np.bool_]:
        """The suddenly large packets of a table, found once for all stretches of a film."""
        if self._sudden is None or self._sudden[0] != number:
            self._sudden = number, sudden(self._tables[number])
        return self._sudden[1]

    def _reader(
        self, request: dict[str, Any], table: Table, targets: Any, fd: int, large: NDArray[np.bool_] | None
    ) -> tuple[Any, Iterator[Decoded | None]]:
        size, threads = (request["size"][0], request["size"][1]), request["threads"]
        if request["reader"] == "opencv":
            from pipeline.video.decode.opencv_reader import OpenCVReader

            opencv = OpenCVReader(fd, size=size, threads=threads, offset=request["offset"])
            return opencv, opencv.read(table, targets.tolist())
        pyav = pyav_reader.PyAVReader(
            fd,
            size=size,
            turn=request["rotation"],
            mirrored=request["mirrored"],
            deinterlace=request["interlaced"],
            threads=threads,
        )
        made = plan(
            table,
            targets,
            everything=request["everything"] or request["interlaced"],
            large=None if request["keyframes"] else large,
        )
        if request["loose"]:
            exact = {*request["silent"], *request["exact"], targets[-1]}
            made.actions[[table.packets[rank] - made.first for rank in targets.tolist() if rank not in exact]] &= ~np.uint8(
                Action.TARGET
            )
        return pyav, pyav.read(table, made)

    def _send(self, late: list[dict[str, Any]]) -> None:
        while late:
            wire.send(self._sock, late.pop(0))

    def _tick(self, seconds: float, decoded: int) -> None:
        now = time.monotonic()
        if now - self._last_tick > 0.5:
            self._last_tick = now
            wire.send(self._sock, {"tick": decoded, "seconds": seconds})


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
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(15, b"scenescribe-rd", 0, 0, 0)
    libav.listen()
    sandbox.enter()
    sock = socket.socket(fileno=0)
    threading.Thread(target=_leave_with_parent, args=(sock,), daemon=True).start()
    wire.send(sock, {"ready": os.getpid()})
    Worker(sock).serve()


if __name__ == "__main__":
    main()
