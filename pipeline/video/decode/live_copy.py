"""The stream's own packets, copied as they are into files that our side opens: recordings, and the picture of an HLS rendition.

    packets    K . . . . K . . . . K         K: keyframe
    parts      |  part 1 | part 2  | ...     cut at the first keyframe after a part's length

    says   {"part": name, "number": n, "start": ..., "epoch": ...}     a file is wanted
    told   {"part": "name", ...} + a file                              or none: there is no room
    says   {"copied": name, "number": n, "start": ..., "end": ...}     it is whole

A thread of its own writes; when a disk is slow packets are dropped here, and neither demuxing nor decoding waits. The process may
open no file itself.
"""

import os
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import av
from av.packet import Packet

from pipeline.video.decode.live_input import AvError

if TYPE_CHECKING:
    from pipeline.video.decode.live_demux import Arrived

MOST = 1500
"""packets that wait to be written"""
PATIENCE = 5.0
"""seconds to wait for a file"""
IN_TS = frozenset({"h264", "hevc", "mpeg2video", "mpeg4"})
SUFFIXES = {"mpegts": ".ts", "matroska": ".mkv"}


class _Track:
    """One sequence of files."""

    def __init__(self, name: str, seconds: float, container: str, stream: Any, say: Callable[[dict[str, Any]], None]) -> None:
        self.name, self._seconds, self._container, self._stream, self._say = name, seconds, container, stream, say
        self.files: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._out: Any = None
        self._file: Any = None
        self._to: Any = None
        self._number = 0
        self._start = self._end = 0.0
        self._epoch = -1
        self._base = float(stream.time_base)

    def write(self, arrived: "Arrived", data: bytes) -> None:
        packet = arrived.packet
        pts = (packet.pts if packet.pts is not None else packet.dts) * self._base
        if self._out is not None and arrived.epoch != self._epoch:
            self.close()
        if packet.is_keyframe and (self._out is None or pts - self._start >= self._seconds - 0.01):
            self.close(pts)
            self._open(pts, arrived.epoch)
        if self._out is None:
            return
        copy = Packet(data)
        copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, self._stream.time_base
        copy.duration = packet.duration or 0
        copy.is_keyframe = packet.is_keyframe
        copy.stream = self._to
        try:
            self._out.mux(copy)
        except (AvError, OSError, ValueError) as error:
            self._fail(error)
            return
        self._end = max(self._end, pts + (copy.duration or 0) * self._base)

    def _open(self, start: float, epoch: int) -> None:
        self._number += 1
        self._say({"part": self.name, "number": self._number, "start": start, "epoch": epoch})
        try:
            fd = self.files.get(timeout=PATIENCE)
        except queue.Empty:
            fd = None
        if fd is None:
            return
        self._file = os.fdopen(fd, "wb", buffering=1 << 16)
        options = {"mpegts_copyts": "1"} if self._container == "mpegts" else {}
        try:
            self._out = av.open(self._file, "w", format=self._container, options=options)
            self._to = self._out.add_stream_from_template(self._stream)
            self._start, self._end, self._epoch = start, start, epoch
        except (AvError, OSError, ValueError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._say({"copy_failed": self.name, "number": self._number, "message": str(error)[:200]})
        self._put_away()

    def _put_away(self) -> bool:
        out, file, self._out, self._file = self._out, self._file, None, None
        whole = True
        for one in (out, file):
            try:
                if one is not None:
                    one.close()
            except (AvError, OSError, ValueError):
                whole = False
        return whole

    def close(self, end: float | None = None) -> None:
        """The file that is open is whole; ``end``: when the next one begins, where it follows."""
        if self._out is None:
            return
        if self._put_away():
            end = self._end if end is None else end
            self._say({"copied": self.name, "number": self._number, "start": self._start, "end": end, "epoch": self._epoch})
        else:
            self._say({"copy_failed": self.name, "number": self._number, "message": "the file could not be finished"})


class Copier:
    """Takes packets from the demux thread without ever making it wait."""

    def __init__(self, stream: Any, parts: list[dict[str, Any]], say: Callable[[dict[str, Any]], None]) -> None:
        self.container = "mpegts" if stream.codec_context.name in IN_TS else "matroska"
        self._tracks = {part["name"]: _Track(part["name"], part["seconds"], self.container, stream, say) for part in parts}
        self._waiting: queue.Queue[tuple[Any, bytes] | None] = queue.Queue(MOST)
        self._torn = False
        """whether packets were dropped: nothing is written up to the next keyframe"""
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="copy", daemon=True)
        self._thread.start()

    def put(self, arrived: "Arrived") -> None:
        """A packet, in the order of decoding."""
        if self._torn and not arrived.packet.is_keyframe:
            self.dropped += 1
            return
        try:
            self._waiting.put_nowait((arrived, bytes(arrived.packet)))
            self._torn = False
        except queue.Full:
            self._torn = True
            self.dropped += 1

    def give(self, name: str, fd: int | None) -> None:
        """The file that was asked for."""
        if name in self._tracks:
            self._tracks[name].files.put(fd)
        elif fd is not None:
            os.close(fd)

    def finish(self) -> None:
        """Finish the files that are open; at the stream's end."""
        try:
            self._waiting.put(None, timeout=PATIENCE)
        except queue.Full:
            return
        self._thread.join(PATIENCE)

    def _write(self) -> None:
        while (item := self._waiting.get()) is not None:
            for track in self._tracks.values():
                track.write(*item)
        for track in self._tracks.values():
            track.close()
