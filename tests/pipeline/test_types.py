"""A window's pictures are one array: the model gets that one."""

import numpy as np
import pytest

from models.base import Sampling
from pipeline.captioning import prompt
from pipeline.frames import Frame, FrameBatch
from pipeline.types import Window


def batch(count: int = 3) -> FrameBatch:
    data = np.random.default_rng(1).integers(0, 256, (count, 4, 6, 3), dtype=np.uint8)
    return FrameBatch(data=data, times=tuple(2.0 + i for i in range(count)), indices=tuple(range(10, 10 + count)))


def test_a_batch_is_a_sequence_of_views() -> None:
    whole = batch()
    assert [(frame.time, frame.index) for frame in whole] == [(2.0, 10), (3.0, 11), (4.0, 12)]
    assert all(np.shares_memory(frame.image, whole.data) for frame in whole)
    assert whole[-1].index == 12
    assert repr(whole) == "FrameBatch(data=3x4x6x3, times=[2.000, 3.000, 4.000])"
    again = FrameBatch.of(list(whole))
    assert np.array_equal(again.data, whole.data)
    assert not np.shares_memory(again.data, whole.data)


def test_a_batch_of_nothing_has_a_size() -> None:
    empty = FrameBatch.of((), (6, 4))
    assert (len(empty), empty.data.shape, list(empty)) == (0, (0, 4, 6, 3), [])
    assert Window(index=0, start=0, end=1, frames=empty).nbytes == 0


@pytest.mark.parametrize(
    ("shape", "times", "indices"),
    [((2, 4, 6, 3), (1.0,), (1, 2)), ((2, 4, 6, 3), (1.0, 2.0), (1,)), ((4, 6, 3), (1.0,), (1,)), ((1, 4, 6, 1), (1.0,), (1,))],
)
def test_what_is_no_batch(shape: tuple[int, ...], times: tuple[float, ...], indices: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no batch"):
        FrameBatch(data=np.zeros(shape, np.uint8), times=times, indices=indices)
    with pytest.raises(ValueError, match="shape"):
        FrameBatch.of([Frame(image=np.zeros((side, 3, 3), np.uint8), time=0, index=0) for side in (2, 3)])


class Asked:
    """What of a recipe a request depends on."""

    prompt, sampling = "What?", Sampling()

    def __init__(self, frames: str) -> None:
        self.frames = frames


def test_the_model_is_given_the_batch_itself() -> None:
    window = Window(index=0, start=2, end=5, frames=batch())
    request = prompt.request_for(window, Asked("video"))  # type: ignore[arg-type]
    assert request.video is window.frames.data
    assert request.times == (0.0, 1.0, 2.0)
    images = prompt.request_for(window, Asked("images")).images  # type: ignore[arg-type]
    assert all(np.shares_memory(image, window.frames.data) for image in images)
    assert [image.shape for image in images] == [(4, 6, 3)] * 3
