"""A frame becomes the model's picture and a tiny one: to the bit the same, whether one thread scales it or several."""

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation, VideoReformatter

from pipeline.video.decode import pictures


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "yuv422p10le", "nv12", "rgb24", "gray"])
@pytest.mark.parametrize("size", [(64, 36), (641, 361), (640, 480), (1280, 720)])
def test_one_thread_scales_as_several_do(size: tuple[int, int], pixels: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=pixels)
    for width, height in ((48, 27), (196, 112), (384, 384)):
        how = Interpolation.AREA if width <= size[0] and height <= size[1] else Interpolation.BICUBIC
        several = VideoReformatter().reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            interpolation=how,
            **({"threads": 3} if pictures.ONE_THREAD else {}),
        )
        assert (pictures.picture(frame, (width, height)) == several.to_ndarray()).all()
