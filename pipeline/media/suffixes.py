"""Names of containers: which rules a suffix follows, and what a film that is written is by default."""

MP4_FAMILY = frozenset({".mp4", ".m4v", ".mov"})


def family(suffix: str) -> str:
    """Whose rules a container follows: mp4, webm or mkv."""
    return "mp4" if suffix in MP4_FAMILY else "webm" if suffix == ".webm" else "mkv"


def burned_suffix(suffix: str) -> str:
    """What a burned film of this kind is by default."""
    return f".{family(suffix.lower())}"


def muxed_suffix(suffix: str) -> str:
    """What a film of this kind is with tracks added, by default: MP4 and WebM stay what they are."""
    return suffix.lower() if suffix.lower() in (".mp4", ".webm") else ".mkv"
