"""What is transparent in a film, laid on the ground that it is shown on, before a picture is made of it.

decoded frame (RGBA, of any form)  ->  its own colours where it is opaque, the ground's where it is not  ->  smaller, RGB
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image

_forms: dict[str, bool] = {}
"""libav's name of a pixel format -> whether it says how opaque a pixel is"""


def has_alpha(frame: Any) -> bool:
    """Whether a decoded frame says how opaque its pixels are."""
    name = frame.format.name
    if name not in _forms:
        _forms[name] = name == "pal8" or any(component.is_alpha for component in frame.format.components)
    return _forms[name]


def opaque(frame: Any, behind: int) -> Any:
    """The frame laid on its ground; itself where all of it is opaque.

    At its own size: made smaller first, the colours that nobody is to see would run into those beside them.
    """
    rgba = frame.reformat(format="rgba").to_ndarray()
    return frame if rgba[..., 3].min(initial=255) == 255 else type(frame).from_ndarray(laid(rgba, behind), format="rgb24")


def laid(rgba: NDArray[np.uint8], behind: int) -> Image:
    """[height, width, 3] of pixels with straight alpha, [height, width, 4], on a grey."""
    alpha = rgba[..., 3:]
    over = np.multiply(rgba[..., :3], alpha, dtype=np.uint16)
    if behind:
        over += np.multiply(255 - alpha, np.uint16(behind), dtype=np.uint16)
    over += 128
    over += over >> 8  # with this a shift divides by 255, rounded
    image: Image = (over >> 8).astype(np.uint8)
    return image
