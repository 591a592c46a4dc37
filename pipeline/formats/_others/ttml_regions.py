"""Regions of TTML: whether what is shown in one stands in the upper third."""

import re
from collections.abc import Mapping

PLACE = frozenset({"displayAlign", "origin"})
"""attributes of a region that tell it"""
_TWO = re.compile(r"\s*\S+\s+(\d{1,6}(?:\.\d{1,6})?)(%|px)\s*", re.ASCII)
_LOW = 0.5
"""of the picture's height: what begins below is not at the top"""


def at_top(region: Mapping[str, str], extent: str) -> bool:
    """Whether a region with these attributes, in a picture of this ``tts:extent``, shows its text on top: at its upper edge, which is not a
    line at the picture's lower one."""
    if region.get("displayAlign") != "before":
        return False
    upper, picture = _TWO.fullmatch(region.get("origin", "")), _TWO.fullmatch(extent)
    if upper is None:
        return True
    whole = 100.0 if upper[2] == "%" else float(picture[1]) if picture and picture[2] == "px" else 0.0
    return whole <= 0 or float(upper[1]) < _LOW * whole
