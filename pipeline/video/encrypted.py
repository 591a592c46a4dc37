"""Whether the picture of a film is encrypted, by what its container says: such a film decodes to grey squares, and a copy of it to nothing.

MP4, MOV, CMAF    every description of its picture is ``encv`` (ISO/IEC 23001-7: cenc, cbcs; PIFF too) or ``drmi`` (old shops of films)
WebM, Matroska    its track has a ContentEncoding of the kind encryption (RFC 9559 5.1.4.1.31)
MPEG-TS           its stream is of the kind that HLS has for SAMPLE-AES
a piece of HLS    nothing can be seen in it: the playlist beside it names a key
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.errors import InputError
from pipeline.safe_open import MEGABYTE, read_text
from pipeline.video.boxes import Box, boxes, within
from pipeline.video.transport import is_closed, layout

SENTENCE = "the film is encrypted; only its owner's key makes pictures of it"
_A_PIECE = "it is an encrypted piece of a stream (HLS), by the playlist {name} beside it; its sender's programs put it together"
_CLOSED = frozenset({b"encv", b"drmi"})
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT, _CLUSTER, _TRACKS, _TRACK, _TYPE = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0x83
_ENCODINGS, _ENCODING, _KIND = 0x6D80, 0x6240, 0x5033
_HEAD = 1 << 20
"""bytes of a transport stream in which its tables are looked for"""
_MOST = 10_000
"""elements in one place, at most"""
_PLAYLISTS = 50
"""beside a file that are looked at"""


def refuse_encrypted(fd: int) -> None:
    """Raises InputError ``no_decodable_frames`` of an open film whose picture is encrypted."""
    head = os.pread(fd, 1024, 0)
    size = os.fstat(fd).st_size
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pdin"):
        closed = _mp4(fd, size)
    elif head[:4] == _EBML:
        closed = _matroska(fd, size)
    else:
        closed = layout(head) is not None and is_closed(os.pread(fd, _HEAD, 0))
    if closed:
        raise InputError("no_decodable_frames", SENTENCE)


def piece_of_a_closed_stream(path: Path) -> str:
    """The sentence about a file that a playlist beside it names as encrypted; "" where none does."""
    with suppress(OSError):
        playlists = sorted(name for name in os.listdir(path.parent) if name.lower().endswith((".m3u8", ".m3u")))
        for name in playlists[:_PLAYLISTS]:
            with suppress(OSError, ValueError):
                if _names_closed(read_text(path.with_name(name), MEGABYTE), path.name):
                    return _A_PIECE.format(name=name)
    return ""


def _names_closed(playlist: str, name: str) -> bool:
    """Whether a playlist (RFC 8216) has this file after a key that is not taken back."""
    closed = False
    for line in playlist.splitlines():
        if found := re.match(r"#EXT-X-KEY:(?:.*,)?METHOD=([\w-]+)", line):
            closed = found[1] != "NONE"
        elif closed and line and not line.startswith("#") and line.partition("?")[0].rpartition("/")[2] == name:
            return True
    return False


def _mp4(fd: int, size: int) -> bool:
    """Whether it has pictures, and all descriptions of them are of encrypted ones."""
    kinds: list[bytes] = []
    for track in within(fd, Box(b"", 0, size), b"moov", b"trak", b"mdia"):
        handlers = [box.read(fd, 12)[8:12] for box in within(fd, track, b"hdlr")]
        if b"vide" in handlers:
            for table in within(fd, track, b"minf", b"stbl", b"stsd"):
                kinds += [entry.kind for entry in boxes(fd, table.start + 8, table.end)]
    return bool(kinds) and _CLOSED.issuperset(kinds)


def _matroska(fd: int, size: int) -> bool:
    """Whether it has tracks of pictures, and all of them are encrypted."""
    closed = []
    for start, end in _elements(fd, 0, size, _SEGMENT, _TRACKS, _TRACK):
        kind = next(_elements(fd, start, end, _TYPE), None)
        if kind is None or os.pread(fd, 1, kind[1] - 1) != b"\1":
            continue
        codings = _elements(fd, start, end, _ENCODINGS, _ENCODING, _KIND)
        closed.append(any(b - a == 1 and os.pread(fd, 1, a) == b"\1" for a, b in codings))
    return bool(closed) and all(closed)


def _elements(fd: int, at: int, end: int, *path: int) -> Iterator[tuple[int, int]]:
    """Where the contents of the elements lie that a path of ids leads to, up to the first cluster of pictures."""
    for _ in range(_MOST):
        if at >= end:
            return
        head = os.pread(fd, 12, at)
        long = _width(head[:1])
        wide = _width(head[long : long + 1])
        if not long or not wide or long > 4 or len(head) < long + wide:
            return
        kind = int.from_bytes(head[:long], "big")
        length = int.from_bytes(head[long : long + wide], "big") & ((1 << 7 * wide) - 1)
        inside = at + long + wide
        after = end if length == (1 << 7 * wide) - 1 else min(end, inside + length)  # all ones: nobody knows how long
        if kind == _CLUSTER:
            return
        if kind == path[0]:
            if len(path) == 1:
                yield inside, after
            else:
                yield from _elements(fd, inside, after, *path[1:])
        at = after


def _width(first: bytes) -> int:
    """Bytes of a number of EBML that begins so (RFC 8794 4.1); 0: of none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
