"""Whether the picture of a film is encrypted, by what its container says: such a film decodes to grey squares, and a copy of it to nothing.

MP4, MOV, CMAF    every description of its picture is ``encv`` (ISO/IEC 23001-7: cenc, cbcs; PIFF too) or ``drmi`` (old shops of films)
WebM, Matroska    its track has a ContentEncoding of the kind encryption (RFC 9559 5.1.4.1.31)
MPEG-TS           its stream is of the kind that HLS has for SAMPLE-AES
a piece of HLS    nothing can be seen in it: the playlist beside it names a key
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from pipeline.errors import InputError
from pipeline.safe_open import MEGABYTE, read_text
from pipeline.video.boxes import Box, boxes, within
from pipeline.video.ebml import EBML, SEGMENT, TRACK, TRACKS, TYPE, elements
from pipeline.video.transport import is_closed, layout

SENTENCE = "the film is encrypted; only its owner's key makes pictures of it"
_A_PIECE = "it is an encrypted piece of a stream (HLS), by the playlist {name} beside it; its sender's programs put it together"
_CLOSED = frozenset({b"encv", b"drmi"})
_ENCODINGS, _ENCODING, _KIND = 0x6D80, 0x6240, 0x5033
_HEAD = 1 << 20
"""bytes of a transport stream in which its tables are looked for"""
_PLAYLISTS = 50
"""beside a file that are looked at"""


def refuse_encrypted(fd: int) -> None:
    """Raises InputError ``no_decodable_frames`` of an open film whose picture is encrypted."""
    head = os.pread(fd, 1024, 0)
    size = os.fstat(fd).st_size
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pdin"):
        closed = _mp4(fd, size)
    elif head[:4] == EBML:
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
    for start, end in elements(fd, 0, size, SEGMENT, TRACKS, TRACK):
        kind = next(elements(fd, start, end, TYPE), None)
        if kind is None or os.pread(fd, 1, kind[1] - 1) != b"\1":
            continue
        codings = elements(fd, start, end, _ENCODINGS, _ENCODING, _KIND)
        closed.append(any(b - a == 1 and os.pread(fd, 1, a) == b"\1" for a, b in codings))
    return bool(closed) and all(closed)
