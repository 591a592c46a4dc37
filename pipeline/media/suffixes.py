"""Names of containers: which rules a suffix follows, and what a film that is written is by default."""

from pathlib import Path

MP4_FAMILY = frozenset({".mp4", ".m4v", ".mov"})

_EDITED = MP4_FAMILY | {".qt", ".3gp", ".3g2"}
"""suffixes of films that may have edit lists, and a matrix that turns the picture"""


def family(suffix: str) -> str:
    """Whose rules a container follows: mp4, webm or mkv."""
    return "mp4" if suffix in MP4_FAMILY else "webm" if suffix == ".webm" else "mkv"


def burned_suffix(suffix: str) -> str:
    """What a burned film of this kind is by default."""
    return f".{family(suffix.lower())}"


def muxed_suffix(film: Path) -> str:
    """What a film is with tracks added, by default: MP4 and WebM stay what they are, and MOV where only that can hide its beginning
    or hold its picture's codec, or where its picture is shown turned or mirrored, which few players do with MKV."""
    from pipeline.media.edit_lists import begins_hidden
    from pipeline.media.turning import Turning, turning
    from pipeline.media.untold import needs_mov

    suffix = film.suffix.lower()
    if suffix in (".mp4", ".webm"):
        return suffix
    if suffix not in _EDITED:
        return ".mkv"
    if needs_mov(film):
        return ".mov"
    if not (begins_hidden(film) or turning(film) is not Turning.NONE):
        return ".mkv"
    return suffix if suffix in MP4_FAMILY else ".mp4"
