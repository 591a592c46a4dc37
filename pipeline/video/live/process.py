"""The processes that read streams, as they are started: one for each connection, and one that stands ready for the next.

A process takes 0.4 s of a core to load its libraries, which is seconds where the cores are busy. One that has done that, and has given up
what it does not need (``sandbox``), waits for the next connection of its kind; it knows no source until then, and reads one only.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

from pipeline.environment import child_environment

MEMORY = 3 << 30
"""bytes of address space of a reading process"""
_ROOT = str(Path(__file__).resolve().parents[3])


class Process:
    """One reading process and the socket to it. ``kind``: network, device or pipe, which decides what it may do."""

    def __init__(self, kind: str) -> None:
        self.socket, theirs = socket.socketpair()
        self.stderr = os.memfd_create("scenescribe-stderr", os.MFD_CLOEXEC)
        environment = child_environment(
            PYTHONPATH=os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")])),
            OMP_NUM_THREADS="1",
            OPENBLAS_NUM_THREADS="1",
            MALLOC_ARENA_MAX="2",
            MALLOC_MMAP_THRESHOLD_=str(1 << 20),  # pictures come and go: left alone, glibc would keep them in its heaps
        )
        with theirs:
            self.popen = subprocess.Popen(
                [sys.executable, "-u", "-P", "-m", "pipeline.video.decode.live_worker", str(MEMORY), kind],
                stdin=theirs.fileno(), stdout=self.stderr, stderr=self.stderr, env=environment, cwd="/", start_new_session=True,
            )  # fmt: skip

    def end(self) -> None:
        """Kill it and wait for it; its socket and its messages stay open."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()

    def close(self) -> None:
        """End it and give back all that it held."""
        self.end()
        self.socket.close()
        os.close(self.stderr)


class Spares:
    """At most one process of each kind that waits for a connection."""

    def __init__(self) -> None:
        self._ready: dict[str, Process] = {}
        self._closed = False

    def prepare(self, kind: str) -> None:
        """See that one stands ready. To be called when a stream runs well: it takes a core's time from who connects."""
        ready = self._ready.get(kind)
        if ready is not None and ready.popen.poll() is not None:
            self._ready.pop(kind).close()
            ready = None
        if ready is None and not self._closed:
            self._ready[kind] = Process(kind)

    def take(self, kind: str) -> Process:
        """The one that stands ready, or a new one."""
        ready = self._ready.pop(kind, None)
        if ready is not None and ready.popen.poll() is not None:  # somebody killed it
            ready.close()
            ready = None
        return ready if ready is not None else Process(kind)

    def close(self) -> None:
        """End them. None is made afterwards."""
        self._closed = True
        while self._ready:
            self._ready.popitem()[1].close()
