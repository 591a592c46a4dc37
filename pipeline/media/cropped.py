"""Pictures without what their container shows to nobody (``video.cropping``): newer ffmpegs cut that off by themselves and say so, others
are told to."""

import re
from typing import Any

from pipeline.media.run import Place
from pipeline.media.streams import Contents
from pipeline.types import Notice
from pipeline.video.cropping import cropping

_SAYS_SO = re.compile(r"^ +frame cropping: ", re.MULTILINE | re.IGNORECASE)


def cuts_off(film: Contents) -> bool:
    """Whether the ffmpeg that listed the film knows of it: then it cuts it off, and writes it into copies."""
    _, _, below = film.listing.partition(f"Stream #0:{film.film.index}")
    return _SAYS_SO.search(below.partition("Stream #0:")[0]) is not None


def cropped(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """The filters that make a decoded, upright picture the one that is shown: (filter, its options). First of all filters."""
    if film.crop is None or cuts_off(film):
        return []
    turn = -round(film.film.rotation)
    crop = film.crop.upright((turn + 180) % 360 if film.mirrored else turn % 360, film.mirrored)
    wide, high = f"iw-{crop.left + crop.right}", f"ih-{crop.top + crop.bottom}"
    filters: list[tuple[str, dict[str, Any]]] = [("crop", {"w": wide, "h": high, "x": crop.left, "y": crop.top})]
    if crop.aspect:  # these ffmpegs make the pixels' form of the size before
        (width, height), shown = film.upright_size, film.display_size
        filters.append(("setsar", {"sar": f"{shown[0] * height}/{shown[1] * width}", "max": "65535"}))
    return filters


def still_cropped(place: Place, film: Contents) -> tuple[Notice, ...]:
    """A notice of a copy that does not say so any more."""
    if film.crop is None:
        return ()
    with (place.folder / place.written).open("rb") as file:
        if cropping(file.fileno(), 0) is not None:
            return ()
    sentence = "players cut off the edges of the picture, which what was written does not say: they will be seen; burn cuts them off, too"
    return (Notice(code="cropping_lost", message=sentence),)
