"""Pieces of a streamed answer."""

from collections.abc import AsyncIterator
from dataclasses import replace

from models.base import Reply


async def strip_pieces(pieces: AsyncIterator[str | Reply]) -> AsyncIterator[str | Reply]:
    """The same text without blanks at its two ends: joined, it equals ``"".join(pieces).strip()``.

    Blanks are held back until something follows them. A Reply at the end is given on with the joined text as its own.
    """
    held = ""
    said: list[str] = []
    async for piece in pieces:
        if isinstance(piece, Reply):
            yield replace(piece, text="".join(said))
            continue
        text = held + piece
        if not said:
            text = text.lstrip()
        kept = text.rstrip()
        held = text[len(kept) :]
        if kept:
            said.append(kept)
            yield kept
