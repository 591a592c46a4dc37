"""Pictures of more than eight bits a pixel in a question: their shades are looked at, and not cut off at the 255th of 65,536."""

import io

import numpy as np
from PIL import Image

from pipeline.serve.pictures import pictures_of


def test_a_picture_of_sixteen_bits_has_its_shades_and_stands_upright() -> None:
    ramp, turned, told = np.linspace(0, 65535, 40 * 20).reshape(20, 40).astype(np.uint16), Image.Exif(), io.BytesIO()
    turned[0x0112] = 6
    Image.fromarray(ramp).save(told, "PNG", exif=turned)
    (found,) = pictures_of([told.getvalue()], "messages")
    wanted = np.rot90((ramp / 257 + 0.5).astype(np.uint8), -1)
    assert found.shape == (40, 20, 3)
    assert np.abs(found[:, :, 0].astype(int) - wanted).max() <= 1
