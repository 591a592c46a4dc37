"""What lies behind a film in its file: another one, where files were put one after another, which no player reads.

ftyp moov mdat | ftyp moov mdat      MP4 and MOV: a second index
FLV tag tag tag | FLV tag tag        FLV: a second head
GIF89a ... ; | GIF89a ... ;          GIF: a second head behind the trailer
"""

import struct
from os import pread
from pathlib import Path

from pipeline.safe_open import regular
from pipeline.types import Notice
from pipeline.video.gif import changes

_MOST = 5_000_000
"""boxes or tags that are looked at: a day of FLV"""
_FLV = b"FLV\x01"


def behind(path: Path, container: str, end: float) -> tuple[Notice, ...]:
    """A notice (``partial``) where a second film begins in the file. ``container``: libav's name; ``end``: seconds of the first.

    Files that can't be read so have none behind them.
    """
    look = {"mov": _mp4, "flv": _flv, "gif": _gif}.get(container.partition(",")[0])
    try:
        with regular(path) as file:
            at = look(file.fileno()) if look else None
    except (OSError, struct.error):
        return ()
    if at is None:
        return ()
    sentence = (
        f"another film begins behind it, at byte {at}: files were put one after another, and programs read the first alone;"
        f" 'tail -c +{at + 1} FILE' is the rest"
    )
    return (Notice(code="partial", message=sentence, start=round(end, 3)),)


def _mp4(fd: int) -> int | None:
    """Where the second of two whole films begins. In fragments an index may come again for the same film: there is none."""
    at, begins, indexes = 0, 0, 0
    for _ in range(_MOST):
        head = pread(fd, 16, at)
        if len(head) < 8:
            return None
        size, kind = struct.unpack(">I4s", head[:8])
        if kind == b"moof":
            return None
        if kind == b"ftyp":
            begins = at
        if kind == b"moov":
            indexes += 1
            if indexes == 2:
                return begins or None  # without a head of its own it is a copy of the first, kept for safety
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if size < 8:  # 0: to the end of the file
            return None
        at += size
    return None


def _flv(fd: int) -> int | None:
    """Where a second head stands in the place of a tag."""
    head = pread(fd, 9, 0)
    if len(head) < 9 or head[:4] != _FLV:
        return None
    at = struct.unpack(">I", head[5:])[0] + 4
    for _ in range(_MOST):
        tag = pread(fd, 4, at)
        if tag == _FLV:
            return int(at)
        if len(tag) < 4 or tag[0] & 0xC0:  # filtered (encrypted) tags have 0x20; nothing has the two above
            return None
        at += 11 + int.from_bytes(tag[1:], "big") + 4
    return None


def _gif(fd: int) -> int | None:
    """Where a second head stands behind the trailer."""
    found = changes(fd)
    return found.behind if found else None
