"""What is transparent in a film, laid on the ground that players show it on: what is written for players holds no transparency.

black    colours times alpha
white    the same of the negative: 1 - (1 - c) a = c a + 1 - a
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.media.streams import Contents
from pipeline.video.ground import WHITE, ground

_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""those that look at the alpha of these codecs, which lies beside the picture; ffmpeg's own don't"""


def seen(film: Contents) -> dict[str, str]:
    """ffmpeg's options before the film, so that its picture is decoded with its alpha."""
    picture = film.film
    return {f"c:{picture.index}": _DECODERS[picture.codec]} if picture.tells_alpha and picture.codec in _DECODERS else {}


def opaque(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """The filters that lay it on its ground, in order: (filter, its options). The ground is the one that captions are made of."""
    if not film.transparent:
        return []
    white = ground(film.container, film.film.codec) == WHITE
    form = "gbrap" if film.rgb else "yuva444p10le" if "10le" in film.film.detail or "12le" in film.film.detail else "yuva444p"
    negative: list[tuple[str, dict[str, Any]]] = [("negate", {})] if white else []
    return [
        ("format", {"pix_fmts": form}),
        *negative,
        ("premultiply", {"inplace": "1"}),
        *negative,
        ("format", {"pix_fmts": form.replace("gbrap", "gbrp").replace("yuva", "yuv")}),
    ]


def spelled(filters: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Filters as words of ffmpeg's command line."""
    return [
        "=".join(filter(None, (name, ":".join(f"{key}={value}" for key, value in values.items())))) for name, values in filters
    ]
