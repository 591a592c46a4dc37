"""Pictures of one size, whole: what is done before anything is drawn into them; and the colours that they get after it."""

import re
from typing import Any

from pipeline.media.streams import Contents


def steady(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """The filters that make whole pictures of the film's size, in order: (filter, its options).

    Clips that were put together may go from wide to upright; ffmpeg would stretch such pictures at the end, and the text with them.
    They get bars, as players give them. Pictures of the film's own size pass untouched.
    """
    filters: list[tuple[str, dict[str, Any]]] = []
    if any(order in film.film.detail for order in ("top first", "bottom first", "top coded first", "bottom coded first")):
        filters.append(("yadif", {"mode": "send_frame", "deint": "interlaced"}))
    (width, height), shown = film.upright_size, film.display_size
    if not (width and height):
        return filters
    same, shape = f"eq(iw,{width})*eq(ih,{height})", f"{shown[0]}/{shown[1]}"
    wide, high = (
        f"max(2,min({width},round({width}*dar*{shown[1]}/{shown[0]})))",
        f"max(2,min({height},round({height}*{shape}/dar)))",
    )
    filters.append(("scale", {"w": f"if({same},{width},{wide})", "h": f"if({same},{height},{high})"}))
    if not (width % 2 or height % 2):  # pad rounds an odd side down
        filters.append(("pad", {"w": width, "h": height, "x": "(ow-iw)/2", "y": "(oh-ih)/2"}))
    return filters


def square(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """The filters that make the picture of the size at which it is shown where its pixels are not square: (filter, its options)."""
    shown = film.display_size
    if shown == film.upright_size or 0 in shown:
        return []
    return [("scale", {"w": shown[0], "h": shown[1]}), ("setsar", {"sar": 1})]


LARGE = 720
"""rows from which players take an untold film's colours for BT.709, and for BT.601 below; many go by that even where it is told"""


def coloured(film: Contents, form: str) -> list[tuple[str, dict[str, Any]]]:
    """The filters that make ``form`` (a pixel format) of a picture in red, green and blue, in order: (filter, its options).

    ffmpeg by itself takes BT.601 for every size and does not say so: players would show a screen's recording in other colours.
    """
    if not film.rgb:
        return []
    matrix, told = ("bt709", "bt709") if film.upright_size[1] >= LARGE else ("bt601", "smpte170m")
    return [
        ("scale", {"out_color_matrix": matrix, "out_range": "tv"}),
        ("format", {"pix_fmts": form}),
        ("setparams", {"colorspace": told, "range": "tv"}),
    ]


_SPACES = "bt709|fcc|bt470bg|smpte170m|smpte240m|ycgco|bt2020nc|bt2020c|ictcp"
_PRIMARIES = "bt709|bt470m|bt470bg|smpte170m|smpte240m|film|bt2020|smpte428|smpte431|smpte432"
_CURVES = "bt709|bt470m|bt470bg|smpte170m|smpte240m|linear|iec61966-2-4|bt1361e|iec61966-2-1|bt2020-10|bt2020-12|smpte2084|smpte428|arib-std-b67"
_COLOURS = re.compile(rf"[(,] ?(?:({_SPACES})|([\w-]{{3,20}})/([\w-]{{3,20}})/([\w-]{{3,20}}))[,)]")
_FULL = re.compile(r", yuvj|\(pc[,)]")


def in_video_range(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """The filters before a picture is joined with another one, which forgets that it uses the full range of values."""
    return [("scale", {"out_range": "tv"})] if not film.rgb and _FULL.search(film.film.detail) else []


def told_again(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """The filters that say anew, of a picture that was joined with another, what its colours are: that forgets it, and HDR would look grey."""
    if film.rgb:
        return []  # ``coloured`` tells it
    told = {"range": "tv"} if _FULL.search(film.film.detail) or "(tv" in film.film.detail else {}
    if found := _COLOURS.search(film.film.detail):
        alike, *three = found.groups()
        values = [alike] * 3 if alike else three
        options = (("colorspace", _SPACES), ("color_primaries", _PRIMARIES), ("color_trc", _CURVES))
        told |= {name: value for (name, known), value in zip(options, values, strict=True) if value in known.split("|")}
    return [("setparams", told)] if told else []
