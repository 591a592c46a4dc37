"""The pictures of a stream as they came, copied into pieces of MPEG-TS that begin with a keyframe. An av door beside ``live_input``.

    packets   K . . . K . . . K . . .         seconds=4, a keyframe each 2 s
    pieces    |---------------|--------       cut at the last keyframe before ``seconds`` are over, or there, where none comes

One muxer for all of an epoch: its continuity counters go on from piece to piece, so that pieces can be played one after the other and
written one behind the other into a file. Tables stand before each frame (376 bytes), so each piece can also be opened alone.
"""

import contextlib
import io
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av

from pipeline.video.decode.live_input import AvError
from pipeline.video.live.messages import Copied

CARRIED = frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4"})
"""codecs that MPEG-TS carries and players know there"""
LARGEST = 1 << 26
"""bytes of one piece; what has more is not handed over"""
WAITING = 2 * LARGEST
"""bytes of the pieces that wait to be handed over: what comes at once, as from a pipe that was full, is many of them"""


@dataclass(slots=True)
class _Piece:
    epoch: int
    start: float
    arrival: float
    keyed: bool
    end: float = 0.0


class Copier:
    """Told each packet as it is placed on the media clock; ``say(message, fds)`` hands over a piece, on a thread of its own."""

    def __init__(self, stream: Any, seconds: float, say: Callable[[Copied, list[int]], None]) -> None:
        self._template, self._seconds, self._say = stream, seconds, say
        self.carried = stream.codec_context.name in CARRIED
        self.lost = 0
        self._buffer = io.BytesIO()
        self._muxer: Any = None
        self._out: Any = None
        self._piece: _Piece | None = None
        self._keyed_at: float | None = None
        self._between = 0.0
        """seconds between two keyframes"""
        self._step = 0.0
        self._ready: queue.SimpleQueue[tuple[_Piece, bytes] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        """bytes in ``_ready``"""
        self._thread = threading.Thread(target=self._hand_over, name="copy", daemon=True)
        self._thread.start()

    def see(self, packet: Any, epoch: int, arrival: float) -> None:
        """One packet, in decoding order, its stamps on the media clock. Keeps nothing of it."""
        if not self.carried or packet.pts is None or packet.dts is None:
            return
        time = float(packet.pts * packet.time_base)
        piece = self._piece
        if piece is not None and piece.epoch != epoch:
            self.end()
            piece = None
        if piece is None:
            if not packet.is_keyframe:
                return
            self._begin_muxer()
            self._keyed_at, self._between = None, 0.0
        elif self._is_over(piece, packet, time):
            self._cut(piece, time)
            piece = None
        if piece is None:
            piece = self._piece = _Piece(epoch, time, arrival, bool(packet.is_keyframe))
        if packet.is_keyframe:
            if self._keyed_at is not None:
                self._between = time - self._keyed_at
            self._keyed_at = time
        if time > piece.end and piece.end:
            self._step = time - piece.end
        piece.end = max(piece.end, time)
        self._write(packet)

    def _is_over(self, piece: _Piece, packet: Any, time: float) -> bool:
        if packet.is_keyframe:
            return time + self._between - piece.start > self._seconds + 1e-3
        return float(packet.dts * packet.time_base) - piece.start + self._step > self._seconds + 1e-3

    def end(self) -> None:
        """The epoch is over: what there is of its last piece is handed over."""
        if self._piece is not None:
            self._cut(self._piece, self._piece.end + self._step)
        self._piece = None
        if self._muxer is not None:
            with contextlib.suppress(AvError):
                self._muxer.close()
            self._muxer = None
            self._buffer = io.BytesIO()

    def finish(self) -> None:
        """Nothing comes any more; what waits is handed over."""
        self.end()
        self._ready.put(None)
        self._thread.join(5)

    def _begin_muxer(self) -> None:
        self._buffer = io.BytesIO()
        self._muxer = av.open(
            _Written(self._buffer), "w", format="mpegts",
            options={"mpegts_flags": "pat_pmt_at_frames", "mpegts_copyts": "1", "flush_packets": "1", "max_delay": "0"},
        )  # fmt: skip
        self._out = self._muxer.add_stream_from_template(self._template)

    def _write(self, packet: Any) -> None:
        copy = av.Packet(bytes(packet))
        copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
        copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
        copy.stream = self._out
        try:
            self._muxer.mux(copy)
        except (AvError, ValueError):  # stamps that go back: this picture can't be copied
            self.lost += 1

    def _cut(self, piece: _Piece, end: float) -> None:
        data = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        piece.end = end
        if not data or len(data) > LARGEST:
            self.lost += 1
            return
        with self._lock:
            if self._waiting + len(data) > WAITING:
                self.lost += 1
                return
            self._waiting += len(data)
        self._ready.put((piece, data))

    def _hand_over(self) -> None:
        while (item := self._ready.get()) is not None:
            piece, data = item
            fd = os.memfd_create("scenescribe-copy", os.MFD_CLOEXEC)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(fd, rest) :]
                told = Copied(epoch=piece.epoch, start=piece.start, end=piece.end, arrival=piece.arrival, keyed=piece.keyed)
                self._say(told, [fd])
            finally:
                os.close(fd)
                with self._lock:
                    self._waiting -= len(data)


class _Written:
    """A file that can only be written, as PyAV wants one."""

    def __init__(self, buffer: io.BytesIO) -> None:
        self._buffer = buffer

    def write(self, data: bytes) -> int:
        return self._buffer.write(data)
