"""THE Pillow door for pictures of others: the bytes of an image file -> RGB of the size that is wanted.

bytes -> header: what and how large -> decoded, a JPEG at 1/2, 1/4 or 1/8 -> resized -> upright -> RGB

Upright as its EXIF says (orientations 1 to 8), on white where it is transparent, the first picture where there are several; CMYK,
palettes, 16 bits and bilevel become 8-bit RGB. It runs in a decoding process: the bytes may be anybody's.
"""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import InputError
from pipeline.frames import Image
from pipeline.images.scans import too_many

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000")
MOST = 178_000_000
"""pixels of a picture; also where Pillow itself calls it a bomb"""
REASONS = ("empty_picture", "truncated_picture", "picture_too_large", "bad_picture")
"""codes of the errors that ``unpack`` raises"""
GAP = 2.0
"""a JPEG is decoded at this many times the size wanted, or more, and resized from there: nobody sees a difference"""
_ORIENTATION = 0x0112
_OTHERS = (
    (re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,2000})?<(?:!DOCTYPE )?svg", re.S | re.I), "an SVG drawing: render it to PNG first"),
    (re.compile(rb"^\s*<(?:!doctype )?html", re.I), "an HTML page, not a picture"),
    (re.compile(rb"^....ftyp(?:hei|mif1|msf1)", re.S), "a HEIC picture, which is not read: convert it to JPEG or AVIF first"),
    (re.compile(rb"^%PDF"), "a PDF: render it to PNG first"),
    (re.compile(rb"^version https://git-lfs"), "a pointer of Git LFS: fetch the file itself (git lfs pull)"),
)  # fmt: skip
"""what is found under a picture's name, and what to do"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture, ready for the model."""

    image: Image
    """height x width x 3, RGB"""
    width: int
    """of the file, upright"""
    height: int


def unpack(data: bytes, size: Callable[[int, int], tuple[int, int]] | None = None, *, most: int = MOST) -> Picture:
    """The picture of a file, at ``size(width, height)`` of its upright size; None: as it is. ``most``: pixels that it may have.

    Raises InputError with a code of REASONS; nothing is decoded where the header says that it is too large.
    """
    from PIL import Image as Pillow

    if not data:
        raise InputError("empty_picture", "the file is empty")
    Pillow.init()  # a build without a codec has no opener for it, and naming it would be an error
    formats = [name for name in FORMATS if name in Pillow.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own bound is a warning; ours is below, before anything is decoded
            with Pillow.open(io.BytesIO(data), formats=formats) as opened:
                _look_at_scans(opened, data)
                return _decoded(opened, size, most)
    except InputError:
        raise
    except Pillow.DecompressionBombError as error:
        counted = re.search(r"(\d+) pixels", str(error))
        has = f"{int(counted[1]) // 1_000_000:,} million pixels" if counted else "more pixels"
        text = f"it has {has}, and {most // 1_000_000} million are the most; make it smaller first"
        raise InputError("picture_too_large", text) from None
    except Exception as error:  # Pillow's decoders raise whatever a damaged file brings them to
        raise _refusal(data, error) from None


def _decoded(opened: "Opened", size: Callable[[int, int], tuple[int, int]] | None, most: int) -> Picture:
    wide, high = opened.size
    if wide * high > most:
        raise InputError(
            "picture_too_large",
            f"it has {wide} x {high} pixels, and {most // 1_000_000} million are the most; make it smaller first",
        )
    if opened.format == "TIFF":
        opened.load()  # Pillow turns a TIFF itself, when it decodes it: what is left to do, and its size, are known after that
        wide, high = opened.size
    turn = opened.getexif().get(_ORIENTATION, 1)
    width, height = (high, wide) if turn in (5, 6, 7, 8) else (wide, high)
    wanted = size(width, height) if size is not None else (width, height)
    lying = wanted[::-1] if turn in (5, 6, 7, 8) else wanted
    if wide >= lying[0] and high >= lying[1]:  # what is to be enlarged is decoded whole
        opened.draft(None, (int(lying[0] * GAP), int(lying[1] * GAP)))
    plain = rgb(opened)
    if plain.size != lying:
        from PIL.Image import Resampling

        # the mean of what a pixel covers, as frames of films are made smaller: less than half of what bicubic takes
        smaller = lying[0] <= plain.size[0] and lying[1] <= plain.size[1]
        plain = plain.resize(lying, Resampling.BOX if smaller else Resampling.BICUBIC, reducing_gap=GAP)
    return Picture(image=np.ascontiguousarray(np.asarray(_upright(plain, turn), np.uint8)), width=width, height=height)


def _look_at_scans(opened: "Opened", data: bytes) -> None:
    if opened.format in ("JPEG", "MPO") and (scans := too_many(data, opened.width * opened.height)):
        raise InputError("picture_too_large", f"it is drawn in {scans:,} passes, too many for its size; save it anew first")


def rgb(opened: "Opened") -> "Opened":
    """8-bit RGB of whatever mode a picture has."""
    from PIL import Image as Pillow

    deep = opened.mode.startswith(("I", "F"))  # more than 8 bits a pixel
    if opened.has_transparency_data and not deep:
        over = opened.convert("RGBA")
        white = Pillow.new("RGBA", over.size, "white")
        white.alpha_composite(over)
        return white.convert("RGB")
    if deep:
        values = np.asarray(opened, np.float32)
        # a PNG's 16 bits are a whole range; elsewhere nobody says which part of it is used
        low, high = (0.0, 65535.0) if opened.format == "PNG" else (float(np.nanmin(values)), float(np.nanmax(values)))
        scaled = np.nan_to_num((values - low) * (255 / max(high - low, 1e-6)))
        # one shade that is glass; in 8 bits, where Pillow looks for it, all that are brighter than 255 of 65,535 are white
        if isinstance(glass := opened.info.get("transparency"), int):
            scaled[values == glass] = 255
        return Pillow.fromarray((scaled + 0.5).clip(0, 255).astype(np.uint8)).convert("RGB")
    return opened if opened.mode == "RGB" else opened.convert("RGB")


def _upright(image: "Opened", orientation: int) -> "Opened":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }  # fmt: skip
    return image.transpose(turns[orientation]) if orientation in turns else image


def _refusal(data: bytes, error: Exception) -> InputError:
    for mark, says in _OTHERS:
        if mark.search(data[:4096]):
            return InputError("bad_picture", f"it is {says}")
    said = _said(error)
    if "truncated" in said.lower() or isinstance(error, EOFError):
        return InputError("truncated_picture", f"the file ends before the picture does ({said})")
    if "identify" in said:
        return InputError(
            "bad_picture", "this is no picture that can be read (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000 are)"
        )
    return InputError("bad_picture", f"this picture can't be decoded ({said})")


def _said(error: Exception) -> str:
    first = (str(error).splitlines() or [""])[0][:120]
    return re.sub(r"<_io.BytesIO object at 0x[0-9a-f]+>", "it", first) or type(error).__name__
