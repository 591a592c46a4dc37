"""Pieces of a streamed answer."""

from collections.abc import AsyncIterator


async def strip_pieces(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same text without blanks at its two ends: joined, it equals ``"".join(pieces).strip()``.

    Blanks are held back until something follows them.
    """
    held, begun = "", False
    async for piece in pieces:
        text = held + piece
        if not begun:
            text = text.lstrip()
        kept = text.rstrip()
        held = text[len(kept) :]
        if kept:
            begun = True
            yield kept
