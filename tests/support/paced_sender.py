"""Live streams at the pace of cameras, by one process and without ffmpeg: for many streams at once, where their reading is measured.

    paced_sender.py SIZE RATE udp PORT...       MPEG-TS in datagrams to 127.0.0.1
    paced_sender.py SIZE RATE http PORT...      a stream of MPEG-TS over TCP, to whoever asks 127.0.0.1 for it
    paced_sender.py SIZE RATE file PATH         one file that grows; no socket at all

One drawn clip is encoded and then sent round and round with stamps that go on, the same packets to all, each a part of the time between
two pictures later than the one before: cameras do not expose together. A line of JSON each second tells what was sent.
"""

import contextlib
import io
import json
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import av

SECONDS = 20
"""of the clip"""
DATAGRAM = 7 * 188
UNREAD = 1 << 23
"""bytes that wait for a connection which is not read; then it is closed"""
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"


def drawn(size: str, rate: int) -> bytes:
    """The clip, MPEG-TS, a keyframe each second."""
    source: Any = av.open(f"testsrc2=size={size}:rate={rate}:duration={SECONDS}", format="lavfi")
    memory = io.BytesIO()
    with source, av.open(memory, "w", format="mpegts") as film:
        stream: Any = film.add_stream("libx264", rate=rate)
        stream.width, stream.height = (int(side) for side in size.split("x"))
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(rate)}
        for frame in source.decode(video=0):
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return memory.getvalue()


def packets(clip: bytes) -> Iterator[tuple[float, bytes]]:
    """(seconds from the beginning, bytes of MPEG-TS) of each picture, without an end."""
    film: Any = av.open(io.BytesIO(clip), format="mpegts")
    with film:
        template = film.streams.video[0]
        stored = [packet for packet in film.demux(template) if packet.size]
        base = stored[0].time_base
        step = (stored[-1].dts - stored[0].dts) // (len(stored) - 1)
        length = stored[-1].dts + step - stored[0].dts
        memory = io.BytesIO()
        options = {"mpegts_flags": "pat_pmt_at_frames", "flush_packets": "1", "max_delay": "0"}
        muxer: Any = av.open(memory, "w", format="mpegts", options=options)
        out = muxer.add_stream_from_template(template)
        turn = 0
        while True:
            for packet in stored:
                moved = packet.dts - stored[0].dts + turn * length
                copy = av.Packet(bytes(packet))
                copy.dts, copy.pts = moved, packet.pts - packet.dts + moved
                copy.time_base, copy.is_keyframe, copy.stream = base, packet.is_keyframe, out
                muxer.mux(copy)
                yield float(moved * base), memory.getvalue()
                memory.seek(0)
                memory.truncate()
            turn += 1


class Datagrams:
    def __init__(self, port: int) -> None:
        self._socket, self._to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), ("127.0.0.1", port)

    def send(self, data: bytes) -> None:
        for at in range(0, len(data), DATAGRAM):
            self._socket.sendto(data[at : at + DATAGRAM], self._to)


class Growing:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def send(self, data: bytes) -> None:
        os.write(self._file, data)


class Served:
    """Who asks gets the stream from now on."""

    def __init__(self, port: int, doors: selectors.BaseSelector) -> None:
        self._open: dict[socket.socket, bytearray] = {}
        self._lock = threading.Lock()
        listener = socket.create_server(("127.0.0.1", port))
        doors.register(listener, selectors.EVENT_READ, self._come)

    def _come(self, listener: socket.socket) -> None:
        one, _ = listener.accept()
        one.settimeout(5)
        with contextlib.suppress(OSError):
            while not one.recv(4096).endswith(b"\r\n\r\n"):
                pass
            one.sendall(HEAD)
            one.setblocking(False)
            with self._lock:
                self._open[one] = bytearray()

    def send(self, data: bytes) -> None:
        with self._lock:
            for one, waiting in list(self._open.items()):
                waiting += data
                try:
                    del waiting[: one.send(waiting)]
                except BlockingIOError:
                    if len(waiting) < UNREAD:
                        continue
                    self._close(one)
                except OSError:
                    self._close(one)

    def _close(self, one: socket.socket) -> None:
        del self._open[one]
        one.close()


def listen(doors: selectors.BaseSelector) -> None:
    """The body of the thread that lets in who asks."""
    while True:
        for key, _ in doors.select():
            key.data(key.fileobj)


def sinks(way: str, targets: Sequence[str]) -> list[Any]:
    if way == "file":
        return [Growing(path) for path in targets]
    if way == "udp":
        return [Datagrams(int(port)) for port in targets]
    doors = selectors.DefaultSelector()
    served = [Served(int(port), doors) for port in targets]
    threading.Thread(target=listen, args=(doors,), daemon=True).start()
    return served


def main(size: str, rate: int, way: str, targets: Sequence[str], say: Callable[[dict[str, Any]], None]) -> None:
    clip = drawn(size, rate)
    to = sinks(way, targets)
    begun, told, sent, late = time.monotonic(), 0.0, 0, 0.0
    say({"ready": True, "clip": len(clip)})
    for pictures, (due, data) in enumerate(packets(clip), 1):
        for number, one in enumerate(to):
            wait = begun + due + number / len(to) / rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            late = max(late, -wait)
            one.send(data)
            sent += len(data)
        if time.monotonic() - told >= 1.0:
            told = time.monotonic()
            say({"pictures": pictures, "bytes": sent, "late": round(late, 3)})
            late = 0.0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # who wanted the stream is gone
        main(
            sys.argv[1],
            int(sys.argv[2]),
            sys.argv[3],
            sys.argv[4:],
            lambda told: print(json.dumps(told), file=sys.stdout, flush=True),
        )
