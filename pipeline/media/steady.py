"""Pictures of one size, whole: what is done before anything is drawn into them; and the colours that they get after it."""

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
