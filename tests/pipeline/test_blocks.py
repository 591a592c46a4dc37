"""A window's pictures are one array, and the model gets that one."""

import numpy as np

from pipeline.blocks import together, video_of
from pipeline.captioning.prompt import request_for
from pipeline.captioning.recipe import Recipe
from pipeline.types import Frame, Window


def window(*shapes: tuple[int, int]) -> Window:
    random = np.random.default_rng(1)
    frames = tuple(
        Frame(image=random.integers(0, 256, (*shape, 3), dtype=np.uint8), time=float(i), index=i)
        for i, shape in enumerate(shapes)
    )
    return Window(index=0, start=0, end=4, frames=frames)


def test_the_same_pictures_once_in_memory() -> None:
    before = window((4, 6), (4, 6), (4, 6))
    after = together(before)
    assert [frame.time for frame in after.frames] == [0.0, 1.0, 2.0]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(before.frames, after.frames, strict=True))
    assert after.nbytes == before.nbytes
    video = request_for(after, Recipe(model="m", prompt="What?")).video
    assert video is not None
    assert np.shares_memory(video, after.frames[2].image)
    assert np.array_equal(video, np.stack([frame.image for frame in before.frames]))


def test_pictures_that_are_no_block_are_stacked() -> None:
    images = [frame.image for frame in together(window((4, 6), (4, 6), (4, 6))).frames]
    for some in ([images[1], images[0], images[2]], images[:2], [images[0], images[1], images[1]]):
        assert np.array_equal(video_of(some), np.stack(some))
    alone = [frame.image for frame in window((4, 6), (4, 6)).frames]
    assert np.array_equal(video_of(alone), np.stack(alone))


def test_nothing_is_made_of_no_pictures_or_of_several_sizes() -> None:
    for odd in (window(), window((4, 6), (6, 4))):
        assert together(odd) is odd
