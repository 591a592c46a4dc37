"""Pictures that stand in a question as ``data:`` URLs: THE pillow door of the service. Looked at before they are decoded, and bounded."""

import base64
import binascii
import io
import re

import numpy as np

from pipeline.frames import Image
from pipeline.serve.faults import HttpError

MOST_PIXELS = 50_000_000
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


def picture_of(data: bytes, param: str) -> Image:
    """The picture as it is looked at: upright, transparent parts on white. Blocks. Raises HttpError 400 ``bad_image``."""
    from PIL import Image as pillow
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with pillow.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise HttpError(
                    400,
                    "bad_image",
                    f"the picture has {opened.width:,} x {opened.height:,} pixels; {MOST_PIXELS:,} are taken",
                    param=param,
                )
            opened.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(opened)
            if upright.has_transparency_data:
                layer = upright.convert("RGBA")
                upright = pillow.new("RGB", layer.size, "white")
                upright.paste(layer, mask=layer.getchannel("A"))
            plain = upright.convert("RGB")
            plain.thumbnail((SIDE, SIDE))
            return np.ascontiguousarray(np.asarray(plain, dtype=np.uint8))
    except HttpError:
        raise
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        pillow.DecompressionBombError,
        pillow.DecompressionBombWarning,
    ) as error:
        raise HttpError(
            400, "bad_image", f"this is no {', '.join(FORMATS)} picture that can be read: {str(error)[:100]}", param=param
        ) from None
