"""Our side of one reading process: taken for one connection, never used again after an error.

    Feed(...)  ->  on_message(Said) on the event loop, in order, and at last an Ended

A thread waits for messages, so that the loop never does. A process that has started and says nothing for SILENT seconds is killed: that
is what ends an ``open`` that hangs.
"""

import asyncio
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from pipeline.video.children import codec, wire
from pipeline.video.live.messages import Copied, Ended, Open, Said, Started, Told, UseRing
from pipeline.video.live.process import Process
from pipeline.video.live.ring import Reader
from pipeline.video.live.said import Listener

STARTS = 120.0
"""seconds for a process to load its libraries: one second of a processor, but many may start at once, or from a slow disk"""
SILENT = 5.0
"""seconds without any message after which an opened process is killed; it says something each second, frames or not"""
LARGEST = 1 << 26
"""bytes of a piece of the stream that a reading process hands over"""


def _content(fds: Sequence[int]) -> bytes:
    """What a descriptor that came from a process holds, as far as that may be. Raises ValueError where it is no such thing."""
    size = os.fstat(fds[0]).st_size if fds else 0
    if not 0 < size <= LARGEST:
        raise ValueError("a piece of the stream is missing, empty or too large")
    return os.pread(fds[0], size, 0)


class Feed:
    """One reading process. Made on the event loop that ``on_message`` is called on."""

    def __init__(self, asked: Open, process: Process, *, fd: int | None, on_message: Callable[[Said], None]) -> None:
        """``process`` and ``fd`` are closed."""
        self._loop, self._on_message = asyncio.get_running_loop(), on_message
        self._silent = asked.opening.open_seconds + SILENT
        self._process, self._sock = process, process.socket
        self._lock = threading.Lock()
        self._closed = False
        try:
            wire.send(self._sock, *codec.encode(asked), fds=[fd] if fd is not None else ())
        except wire.HungUp:
            pass  # the thread below finds it dead
        finally:
            if fd is not None:
                os.close(fd)
        self._thread = threading.Thread(target=self._listen, name="feed", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.popen.pid

    def give_ring(self, size: tuple[int, int], slots: int) -> Reader:
        """Make the shared memory for its pictures, now that their size is known."""
        ring = Reader(size, slots)
        self.tell(UseRing(slots=slots, size=size), [ring.memory])
        ring.handed_over()
        return ring

    def tell(self, message: Told, fds: Sequence[int] = ()) -> None:
        with suppress(wire.HungUp, OSError), self._lock:
            if not self._closed:
                wire.send(self._sock, *codec.encode(message), fds=fds)

    def _listen(self) -> None:
        last: Said | None = None
        patience, started = STARTS, False
        listener = Listener()
        while not isinstance(last, Ended):
            self._sock.settimeout(patience)
            fds: list[int] = []
            try:
                last = listener.heard(*wire.receive(self._sock, fds))
                if isinstance(last, Copied):
                    last = replace(last, data=_content(fds))
                elif not isinstance(last, Ended):
                    patience, started = self._silent if isinstance(last, Started) else SILENT, True
            except TimeoutError:
                told = "gave no sign of life" if started else f"did not start within {STARTS:.0f} s"
                last = Ended(
                    code="source_silent" if started else "reader_died", message=f"the reading process {told} and was ended"
                )
            except (wire.HungUp, OSError):
                last = Ended(code="reader_died", message=f"the reading process died{self._why()}")
            except ValueError as error:
                last = Ended(code="reader_died", message=f"the reading process spoke nonsense and was ended ({error})")
            finally:
                for fd in fds:
                    os.close(fd)
            with suppress(RuntimeError):  # the loop is closed: nobody wants to know
                self._loop.call_soon_threadsafe(self._hand, last)

    def _hand(self, message: Said) -> None:
        if not self._closed:
            self._on_message(message)

    def _why(self) -> str:
        with suppress(subprocess.TimeoutExpired, OSError):
            code = self._process.popen.wait(2)
            if code < 0:
                return f" ({signal.Signals(-code).name})"
            said = (
                os.pread(self._process.stderr, 400, max(0, os.fstat(self._process.stderr).st_size - 400))
                .decode(errors="replace")
                .strip()
            )
            return f" ({said.splitlines()[-1]})" if said else ""
        return ""

    def close(self) -> None:
        """End the process and give back all that it held. Harmless when repeated."""
        if self._closed:
            return
        with self._lock:
            self._closed = True
        self._process.end()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)
        self._process.close()
