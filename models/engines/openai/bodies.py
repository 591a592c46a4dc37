"""The body of an answer as it comes: unpacked, within bounds of bytes and of time, and told where it breaks off."""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator

from models.engines.openai.lines import LARGEST
from models.errors import RequestRefused


class BrokenOff(RequestRefused):
    """An answer that began and did not come to its end: another attempt may get the whole of it.

    ``late``: nothing more came in time; ``started``: something had come by then.
    """

    def __init__(self, server: str, why: str, *, late: bool = False, started: bool = True) -> None:
        super().__init__(f"{server} {why}")
        self.why, self.late, self.started = why, late, started


async def pieces(server: str, raw: AsyncIterator[bytes], packed: str, until: float, whole: float) -> AsyncIterator[bytes]:
    """The body that comes ``raw``, ``packed`` as Content-Encoding says, in pieces of LARGEST at most, read ``until`` a time, which is
    ``whole`` seconds after its request. Raises BrokenOff, and RequestRefused: too late as a whole, too large, or packed in other ways.
    """
    packed = packed.strip().lower()
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed in ("gzip", "x-gzip", "deflate") else None
    if unpack is None and packed not in ("identity", ""):
        raise RequestRefused(f"{server} answers packed by '{packed[:20]}', which it was not asked for")
    came = False
    try:
        while True:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                data = await anext(raw, None)
            if data is None:
                if unpack and came and not unpack.eof:
                    raise BrokenOff(server, "sent half an answer: what is packed has no end")
                return
            came = True
            piece = unpack.decompress(data, LARGEST + 1) if unpack else data
            if len(piece) > LARGEST or (unpack and unpack.unconsumed_tail):
                raise RequestRefused(f"{server} answers with more than {LARGEST / 1e6:g} MB once unpacked")
            yield piece
    except TimeoutError:
        raise RequestRefused(f"{server} takes more than {whole:g} s for one answer: it was given up") from None
    except zlib.error as error:
        raise BrokenOff(server, f"sent an answer that can't be unpacked: {error}") from error


def cut_off(text: str) -> bool:
    """Whether a text is the beginning of a JSON object, and no whole one."""
    text = text.strip()
    if not text.startswith("{"):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.msg.startswith("Unterminated") or error.pos >= len(text) or text[-1] != "}"
    except (ValueError, RecursionError):
        pass
    return False
