"""What is behind the transparent places of a film where it is shown: the same for its captions and for what is burned."""

BLACK, WHITE = 0, 255
_UNDEFINED = frozenset({"rawvideo", "huffyuv", "lagarith"})
"""codecs whose fourth byte in AVI is not defined, and mostly 0: programs that record screens leave it so, and players pass over it"""


def ground(container: str, codec: str) -> int | None:
    """Red, green and blue of what is behind a film of this container and codec (libav's names); None where alpha means nothing.

    Players and browsers show films on black, and GIFs, which are pictures to them, on white as pages are.
    """
    if container == "avi" and codec in _UNDEFINED:
        return None
    return WHITE if container == "gif" else BLACK
