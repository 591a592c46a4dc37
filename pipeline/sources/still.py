"""A picture from a file: upright as its EXIF says, without alpha, and never more than it may be once unpacked."""

import io
import warnings
from pathlib import Path

import numpy as np

from pipeline.errors import InputError
from pipeline.files import missing
from pipeline.safe_open import MEGABYTE, read_bytes
from pipeline.types import Image

SUFFIXES = frozenset(".jpg .jpeg .jpe .png .webp .bmp .tif .tiff .avif .jp2".split())
"""what is taken for a picture; a GIF is a film"""
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000")
LARGEST = 256 * MEGABYTE
"""bytes of a file"""
MOST = 200_000_000
"""pixels of a picture: 600 MB once unpacked"""


def is_still(path: Path) -> bool:
    """Whether a file is called like a picture."""
    return path.suffix.lower() in SUFFIXES


def read_still(path: Path) -> Image:
    """The picture as height x width x 3, RGB, upright; what is transparent stands before white.

    Raises InputError ``not_found``, ``unreadable``, ``bad_picture``, ``picture_too_large``.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        data = read_bytes(path, LARGEST)
    except FileNotFoundError:
        raise InputError("not_found", missing(path), path=str(path)) from None
    except OSError as error:
        raise InputError("unreadable", f"the picture can't be read ({error.strerror or error})", path=str(path)) from None
    Pillow.init()  # a build without a codec has no opener for it, and naming it would be an error
    formats = [name for name in FORMATS if name in Pillow.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own bound is a warning; ours is below, before anything is unpacked
            with Pillow.open(io.BytesIO(data), formats=formats) as opened:
                width, height = opened.size
                if width * height > MOST:
                    raise InputError(
                        "picture_too_large",
                        f"it has {width} x {height} pixels, and {MOST // 1_000_000} million are the most; make it smaller first",
                        path=str(path),
                    )
                turned = ImageOps.exif_transpose(opened)
                if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
                    over = turned.convert("RGBA")
                    turned = Pillow.new("RGBA", over.size, "white")
                    turned.alpha_composite(over)
                elif turned.mode.startswith(("I", "F")):  # 16 bits a pixel
                    values = np.asarray(turned, np.float32)
                    low, high = float(values.min()), float(values.max())
                    turned = Pillow.fromarray(((values - low) * (255 / max(high - low, 1e-6))).astype(np.uint8))
                return np.asarray(turned.convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a damaged file brings them to
        raise InputError(
            "bad_picture", f"this is no picture that can be read ({str(error).splitlines()[0][:120] or type(error).__name__})",
            path=str(path),
        ) from None  # fmt: skip


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """The picture at this size (width, height)."""
    from PIL import Image as Pillow

    return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.BOX, reducing_gap=2.0))
