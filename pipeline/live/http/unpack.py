"""The bytes of an answer as they come, with a bound on what a few packed ones become.

A server is asked for bytes as they are. One that packs them all the same is read where it packs them once (gzip, deflate): a byte may
stand for a thousand, and for a thousand times a thousand where it is packed twice, so pieces are unpacked PIECE by PIECE.
"""

import zlib
from collections.abc import AsyncIterator
from typing import Any

from pipeline.errors import InputError

PIECE = 1 << 20
"""bytes of a piece, at most"""
PLAIN, PACKED = ("", "identity"), ("gzip", "x-gzip", "deflate")


async def pieces(answer: Any) -> AsyncIterator[bytes]:
    """The body of an httpx answer that is streamed. Raises InputError ``bad_answer`` where it is packed in other ways, or badly."""
    packed = answer.headers.get("content-encoding", "").strip().lower()
    if packed not in PLAIN + PACKED:
        raise InputError("bad_answer", f"the source packs its answers by '{packed[:20]}', which it was not asked for")
    unpacker: Any = None
    async for data in answer.aiter_raw():
        if packed in PLAIN:
            yield data
            continue
        unpacker = unpacker or _unpacker(packed, data)
        while data:
            try:
                piece = unpacker.decompress(data, PIECE)
            except zlib.error:
                raise InputError("bad_answer", "what the source packed can't be unpacked") from None
            if piece:
                yield piece
            data = unpacker.unconsumed_tail


def _unpacker(packed: str, data: bytes) -> Any:
    """``deflate`` is said of a zlib stream, and by some servers of a bare one."""
    bare = packed == "deflate" and data[:1] and data[0] & 0x0F != 8
    return zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
