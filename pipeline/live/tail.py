"""A file that somebody still writes, read to its end and on from there.

TS, MKV, FLV and fragmented MP4 can be read so; an MP4 that is written the usual way has its index at its end, and is refused with
words, since nothing of it can be read before that is there.
"""

import asyncio
import errno
import os
import time
from pathlib import Path

from pipeline.errors import InputError
from pipeline.live.pipes import write_all
from pipeline.live.verdict import Verdict
from pipeline.safe_open import regular

PIECE = 1 << 18
POLL = 0.1
HEAD = 1 << 12


class Tail:
    """Ends when all of the file was read and it did not grow for ``idle_end`` seconds."""

    def __init__(self, path: str, *, idle_end: float) -> None:
        self._path, self._idle_end = path, idle_end
        self.hold = idle_end + 1.0  # who writes it may do so in large pieces: only ``idle_end`` says that it is over

    def taken_at(self, raw: float) -> None:
        """A file does not say."""
        return

    async def run(self, fd: int) -> Verdict:
        try:
            file = regular(Path(self._path))  # a pipe that nobody writes to would hold up everything
        except OSError as error:
            code = "not_a_regular_file" if error.errno == errno.EINVAL else "not_found"
            hint = "; a pipe is read as -" if code == "not_a_regular_file" else ""
            raise InputError(code, f"{self._path}: {(error.strerror or str(error)).lower()}{hint}") from None
        source = file.fileno()
        try:
            read_all, position, first = time.monotonic(), 0, True
            while True:
                if os.fstat(source).st_size < position:
                    return Verdict("again", "the file was begun anew")
                if first and os.fstat(source).st_size >= HEAD:
                    refuse_late_index(os.pread(source, HEAD, 0))
                    first = False
                piece = os.pread(source, PIECE, position)
                if piece:
                    await write_all(fd, piece)
                    # from here on: the reading process may have taken its time, in which the file grew
                    read_all, position = time.monotonic(), position + len(piece)
                elif time.monotonic() - read_all < self._idle_end:
                    await asyncio.sleep(POLL)
                else:
                    return Verdict("ended")
        finally:
            file.close()


def refuse_late_index(head: bytes) -> None:
    """Raise InputError ``index_at_end`` for an MP4 whose index comes after its pictures."""
    position = 0
    while position + 8 <= len(head):
        size, kind = int.from_bytes(head[position : position + 4], "big"), head[position + 4 : position + 8]
        if position == 0 and kind not in (b"ftyp", b"styp", b"moov"):
            return
        if kind in (b"moov", b"moof"):
            return
        if kind == b"mdat":
            raise InputError(
                "index_at_end",
                "this MP4 has its index at its end, so nothing of it can be read while it grows; "
                "write MPEG-TS, Matroska or fragmented MP4 (-movflags frag_keyframe+empty_moov)",
            )
        if size < 8:
            return
        position += size
