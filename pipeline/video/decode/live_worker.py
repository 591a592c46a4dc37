"""The child process that reads one stream. ``python -m pipeline.video.decode.live_worker MEMORY KIND``, a socket as its standard input.

``live.messages`` lists what it is told and says. A tick comes each second, pictures or not; a process that met an error says so and
leaves, and is never used again.

demux thread: packets as they come, never waits     decode thread: the newest, and less of each where it lags
main thread: what we are told; when the parent hangs up we leave, whatever the others do
"""

import ctypes
import math
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from pipeline import sandbox
from pipeline.errors import InputError
from pipeline.video.children import codec, wire
from pipeline.video.decode import libav
from pipeline.video.decode.decoder_log import complaint
from pipeline.video.decode.live_copy import Copier
from pipeline.video.decode.live_decoding import LiveDecoding
from pipeline.video.decode.live_demux import Backlog, demux
from pipeline.video.decode.live_input import open_stream, picture_stream, shown_part
from pipeline.video.live.messages import Ended, Open, Said, Started, Tick, Told, UseRing
from pipeline.video.live.ring import Writer

CPU_A_MINUTE = 240
"""processor seconds that each minute allows; a demuxer that turns in circles renews nothing and is ended by the kernel"""


class LiveWorker:
    """One stream, from opening to its end."""

    def __init__(self, sock: socket.socket, kind: str) -> None:
        self._sock, self._kind = sock, kind
        self._lock = threading.Lock()
        self._ring: Writer | None = None
        self._ring_came = threading.Event()

    def say(self, message: Said, fds: Sequence[int] = ()) -> None:
        """Send one message; when nobody is there to hear it, leave."""
        with self._lock:
            try:
                wire.send(self._sock, *codec.encode(message), fds=fds)
            except wire.HungUp:
                os._exit(0)

    def serve(self) -> None:
        self.say(Started())
        while True:
            fds: list[int] = []
            try:
                told: Told = codec.decode(*wire.receive(self._sock, fds), Told)
            except (wire.HungUp, codec.Malformed):
                os._exit(0)
            match told:
                case Open():
                    threading.Thread(target=self._read, args=(told, fds[0] if fds else None), name="read", daemon=True).start()
                case UseRing(size=size, slots=slots):
                    self._ring = Writer(fds[0], size, slots)
                    os.close(fds[0])
                    self._ring_came.set()

    def _read(self, asked: Open, fd: int | None) -> None:
        code, message, detail = "ended", "", ""
        try:
            self._follow(asked, fd)
        except InputError as error:
            code, message, detail = error.code, error.message, str(error.data.get("detail", ""))
        except MemoryError:
            code, message = "frame_too_large", "its pictures need more memory than a reader may take"
        except Exception as error:
            code, message = "source_lost", f"{type(error).__name__}: {error}"
        self.say(Ended(code=code, message=message, detail=detail[:300]))
        os._exit(0)

    def _follow(self, asked: Open, fd: int | None) -> None:
        allow()
        since = time.monotonic()
        container, head = open_stream(asked.opening, fd)
        if self._kind == "device":  # a device is opened for writing, which is given up only then
            sandbox.enter()
        stream = picture_stream(container)
        crop = shown_part(head, container, stream) if head else None
        backlog = Backlog(asked.behind, ahead=asked.opening.once, whole=asked.opening.whole)
        copier = Copier(stream, asked.copy, self.say) if asked.copy else None
        reading = threading.Thread(
            target=demux, args=(container, stream, backlog, since), kwargs={"pipe": asked.opening.pipe, "copier": copier},
            name="demux", daemon=True,
        )  # fmt: skip
        reading.start()
        decoding = LiveDecoding(stream, backlog, asked.fps, asked.phase, asked.pixels, one_size=asked.opening.one_size, crop=crop)
        serial, ticked, renewed = 0, 0.0, time.monotonic()
        opened = False
        for kept in decoding.pictures():
            now = time.monotonic()
            if now - renewed > 60:
                allow()
                renewed = now
            if now - ticked >= 1.0:
                ticked = now
                complaint(0)  # the file in memory that holds libav's errors is emptied when it is large
                self.say(_tick(backlog, decoding, copier))
            if not opened and decoding.shape is not None:
                opened = True
                self.say(replace(decoding.shape, copied=copier is not None and copier.carried))
                if not self._ring_came.wait(30):
                    os._exit(0)
            if kept is None or self._ring is None:
                continue
            serial += 1
            self._ring.put(serial, decoding.picture(kept.frame, self._ring.size))
            self.say(replace(kept.told, serial=serial))
        reading.join(5)
        if copier is not None:
            copier.finish()
            self.say(_tick(backlog, decoding, copier))
        if backlog.error is not None:
            raise backlog.error


def _tick(backlog: Backlog, decoding: LiveDecoding, copier: Copier | None) -> Tick:
    return Tick(
        packets=backlog.packets, bytes=backlog.bytes, dropped=backlog.dropped, restamped=backlog.restamped, lag=round(backlog.lag, 3),
        keyframes=round(backlog.keyframes, 3), skipping=decoding.skipping, rss=_rss(), uncopied=copier.lost if copier is not None else 0,
    )  # fmt: skip


def allow() -> None:
    """Let this process use processor time for another minute and more."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(sum(os.times()[:2])) + CPU_A_MINUTE
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _rss() -> int:
    """Bytes of memory that this process holds."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def main() -> None:
    memory, kind = int(sys.argv[1]), sys.argv[2]
    sandbox.limit(resource.RLIMIT_AS, memory)
    sandbox.limit(resource.RLIMIT_CORE, 0)
    ctypes.CDLL(None).prctl(15, b"scenescribe-lv", 0, 0, 0)
    libav.listen()
    sandbox.enter(network=kind == "network", device=kind == "device")
    sock = socket.socket(fileno=0)
    LiveWorker(sock, kind).serve()


if __name__ == "__main__":
    main()
