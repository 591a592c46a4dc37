"""A picture from a file, read by a decoding process: upright as its EXIF says, on white where it is transparent."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.preset import FrameSize
from pipeline.errors import InputError
from pipeline.frames import Image
from pipeline.missing import missing
from pipeline.safe_open import read_bytes
from pipeline.video.children.pictures import LARGEST, PictureDecoder

if TYPE_CHECKING:
    from pipeline.video.children.pool import WorkerPool

SUFFIXES = frozenset(".jpg .jpeg .jpe .png .webp .bmp .tif .tiff .avif .jp2".split())
"""what is taken for a picture; a GIF is a film"""
SIZE = FrameSize(mode="fit", multiple=1, min_pixels=1, max_pixels=1 << 22)
"""its own shape, of four million pixels at most: more than any model is shown"""


def is_still(path: Path) -> bool:
    """Whether a file is called like a picture."""
    return path.suffix.lower() in SUFFIXES


def read_still(path: Path, pool: "WorkerPool") -> Image:
    """The picture as height x width x 3, RGB. Blocks.

    Raises InputError ``not_found``, ``unreadable``, ``picture_too_large``, ``empty_picture``, ``truncated_picture``, ``bad_picture``;
    EnvironmentFault where no decoding process starts.
    """
    try:
        data = read_bytes(path, LARGEST)
    except FileNotFoundError:
        raise InputError("not_found", missing(path), path=str(path)) from None
    except OSError as error:
        raise InputError("unreadable", f"the picture can't be read ({error.strerror or error})", path=str(path)) from None
    (found,) = PictureDecoder(pool, SIZE).decode([data])
    if isinstance(found, InputError):
        raise InputError(found.code, found.message, path=str(path))
    return found.image


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """The picture at this size (width, height)."""
    from PIL import Image as Pillow

    return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.BOX, reducing_gap=2.0))
