"""The child process that reads one stream. ``python -m pipeline.video.decode.live_worker MEMORY KIND``, a socket as its standard input.

told     {"opening": ..., "fps": ..., "phase": ...}  + the source's descriptor, where there is one
says     {"opened": ...}                             the first picture was decoded
told     {"ring": slots, "size": [w, h]}             + shared memory
says     {"frame": serial, ...}*  {"tick": ...}*     pictures are in the ring; a tick each second, frames or not
says     {"copied": {...}}                           + a piece of the stream as it came, in memory, where copies are wanted
says     {"ended": code, ...}                        and leaves: a process that met an error is never used again

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
from typing import Any

from pipeline.errors import InputError
from pipeline.video.decode import libav, sandbox
from pipeline.video.decode.decoder_log import complaint
from pipeline.video.decode.live_copy import Copier
from pipeline.video.decode.live_decoding import LiveDecoding
from pipeline.video.decode.live_demux import Backlog, demux
from pipeline.video.decode.live_input import Opening, open_stream, picture_stream
from pipeline.video.live import talk
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

    def say(self, header: dict[str, Any], fds: Sequence[int] = ()) -> None:
        """Send one message; when nobody is there to hear it, leave."""
        with self._lock:
            try:
                talk.send(self._sock, header, fds=fds)
            except talk.HungUp:
                os._exit(0)

    def serve(self) -> None:
        while True:
            fds: list[int] = []
            try:
                told = talk.receive(self._sock, fds)
            except (talk.HungUp, ValueError):
                os._exit(0)
            if "opening" in told:
                threading.Thread(target=self._read, args=(told, fds[0] if fds else None), name="read", daemon=True).start()
            elif "ring" in told:
                self._ring = Writer(fds[0], (told["size"][0], told["size"][1]), told["ring"])
                os.close(fds[0])
                self._ring_came.set()

    def _read(self, told: dict[str, Any], fd: int | None) -> None:
        code, message, detail = "ended", "", ""
        try:
            self._follow(told, fd)
        except InputError as error:
            code, message, detail = error.code, error.message, str(error.data.get("detail", ""))
        except MemoryError:
            code, message = "frame_too_large", "its pictures need more memory than a reader may take"
        except Exception as error:
            code, message = "source_lost", f"{type(error).__name__}: {error}"
        self.say({"ended": code, "message": message, "detail": detail[:300]})
        os._exit(0)

    def _follow(self, told: dict[str, Any], fd: int | None) -> None:
        allow()
        opening = Opening(**told["opening"])
        container = open_stream(opening, fd)
        if self._kind == "device":  # a device is opened for writing, which is given up only then
            sandbox.enter()
        stream = picture_stream(container)
        backlog = Backlog(told.get("behind", 1.0))
        copier = Copier(stream, told["copy"], self.say) if told.get("copy") else None
        reading = threading.Thread(
            target=demux, args=(container, stream, backlog, opening.pipe, copier), name="demux", daemon=True
        )
        reading.start()
        decoding = LiveDecoding(stream, backlog, told["fps"], told["phase"], told["pixels"])
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
                self.say({"tick": backlog.facts() | {"rss": _rss(), "skipping": decoding.skipping}})
            if not opened and decoding.shape is not None:
                opened = True
                self.say({"opened": decoding.shape | {"copied": copier is not None and copier.carried}})
                if not self._ring_came.wait(30):
                    os._exit(0)
            if kept is None or self._ring is None:
                continue
            serial += 1
            self._ring.put(serial, decoding.picture(kept.frame, self._ring.size))
            self.say({"frame": serial, **kept.facts})
        reading.join(5)
        if copier is not None:
            copier.finish()
        if backlog.error is not None:
            raise backlog.error


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
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(15, b"scenescribe-lv", 0, 0, 0)
    libav.listen()
    sandbox.enter(network=kind == "network", device=kind == "device")
    sock = socket.socket(fileno=0)
    LiveWorker(sock, kind).serve()


if __name__ == "__main__":
    main()
