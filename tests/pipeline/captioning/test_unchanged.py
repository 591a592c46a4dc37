"""Two windows are the same only where nothing in them moved."""

import numpy as np

from pipeline.captioning.unchanged import THRESHOLD, difference, looks_like
from pipeline.frames import Frame, FrameBatch
from pipeline.types import Window


def window(*images: np.ndarray) -> Window:
    frames = FrameBatch.of([Frame(image=image, time=i, index=i) for i, image in enumerate(images)])
    return Window(index=0, start=0, end=1, frames=frames)


def picture(x: int = 40, noise: int = 0) -> np.ndarray:
    image = np.full((128, 128, 3), 120, np.uint8)
    image[60:70, x : x + 10] = (200, 30, 30)
    if noise:
        image = (image + np.random.default_rng(noise).integers(-3, 4, image.shape)).astype(np.uint8)
    return image


def test_codec_noise_is_the_same_picture_and_a_small_thing_that_moved_is_not() -> None:
    still, moved = window(picture(), picture()), window(picture(), picture(48))
    assert looks_like(window(picture(noise=1), picture(noise=2)), still)
    assert difference(moved, still) > 3 * THRESHOLD
    assert not looks_like(moved, still)


def test_windows_that_do_not_pair_up_are_never_the_same() -> None:
    assert not looks_like(window(picture()), window(picture(), picture()))
    assert not looks_like(window(), window())
    assert not looks_like(window(picture()), window(picture()[:64]))
    assert looks_like(window(picture()[:7, :5]), window(picture()[:7, :5])), "pictures smaller than the grid compare too"
