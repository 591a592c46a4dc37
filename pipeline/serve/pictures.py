"""Pictures that stand in a question as ``data:`` URLs: THE pillow door of the service. Looked at before they are decoded, and bounded."""

import base64
import binascii
import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from pipeline.frames import Image
from pipeline.images.scans import too_many
from pipeline.images.unpack import rgb
from pipeline.serve.faults import HttpError

MOST_PIXELS, MOST_TOGETHER = 50_000_000, 100_000_000
"""of one picture, and of all in a question"""
SHOWN_TOGETHER = 4 << 22
"""pixels of all that a model is shown: four of SIDE x SIDE"""
SIDE = 2048
"""pixels of the longer side that a model is shown, at most"""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_DATA = re.compile(r"data:([\w.+-]{1,40}/[\w.+-]{1,80})?(?:;[\w-]+=[^;,]{0,80})*;base64,", re.ASCII)


def data_of(url: str, param: str) -> bytes:
    """The bytes of a ``data:`` URL. Raises HttpError 400: other URLs are not fetched."""
    found = _DATA.match(url)
    if found is None:
        raise HttpError(400, "urls_off", "give a data: URL in base64 (this service fetches no addresses)", param=param)
    try:
        return base64.b64decode(url[found.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise HttpError(400, "bad_value", "the data: URL is no base64", param=param) from None


def pictures_of(data: Sequence[bytes], param: str) -> tuple[Image, ...]:
    """The pictures as they are looked at: upright, transparent parts on white; many are shown smaller. Blocks.

    Raises HttpError 400 ``bad_image``, before anything is decoded where one is too large, or all are together.
    """
    from PIL import Image as pillow

    with ExitStack() as held:
        opened = []
        for one in data:
            with _told(param):
                opened.append(held.enter_context(pillow.open(io.BytesIO(one), formats=FORMATS)))
        sizes = [picture.width * picture.height for picture in opened]
        for pixels, most, what in ((max(sizes), MOST_PIXELS, "a picture has"), (sum(sizes), MOST_TOGETHER, "the pictures have")):
            if pixels > most:
                raise HttpError(400, "bad_image", f"{what} {pixels:,} pixels; {most:,} are taken", param=param)
        for picture, one in zip(opened, data, strict=True):
            if picture.format in ("JPEG", "MPO") and (scans := too_many(one, picture.width * picture.height)):
                said = f"a picture is drawn in {scans:,} passes, too many for its size"
                raise HttpError(400, "bad_image", said, param=param)
        side = min(SIDE, math.isqrt(SHOWN_TOGETHER // len(opened)))
        shown = []
        for picture in opened:
            with _told(param):
                shown.append(_looked_at(picture, side))
        return tuple(shown)


def _looked_at(opened: Any, side: int) -> Image:
    from PIL import Image as pillow
    from PIL import ImageOps

    opened.draft("RGB", (side, side))
    small: pillow.Image = opened
    if opened.mode.startswith(("I", "F")):
        small = rgb(opened)
        small.info |= {name: opened.info[name] for name in ("exif",) if name in opened.info}  # how it is turned
    elif opened.mode not in ("RGB", "RGBA", "L") or ("transparency" in opened.info and opened.mode != "RGBA"):
        small = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    small.thumbnail((side, side))  # first: what follows makes copies
    upright = ImageOps.exif_transpose(small)
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = pillow.new("RGB", layer.size, "white")
        upright.paste(layer, mask=layer.getchannel("A"))
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"), dtype=np.uint8))


@contextmanager
def _told(param: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # struct.error, EOFError, SyntaxError, KeyError: damaged pictures end in all of them
        raise HttpError(
            400, "bad_image", f"this is no {', '.join(FORMATS)} picture that can be read: {_said(error)}", param=param
        ) from None


def _said(error: Exception) -> str:
    said = str(error).partition(" <")[0][:100]
    return said if said.isprintable() and said else type(error).__name__
