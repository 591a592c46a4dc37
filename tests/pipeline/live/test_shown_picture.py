"""The picture beside a stream's newest text."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.live.outputs.listeners import jpeg


@pytest.mark.parametrize(
    ("shape", "size"), [((1920, 1080), (356, 200)), ((90, 160), (200, 356)), (None, (200, 200)), ((1, 32768), (200, 1600))]
)
def test_it_has_its_streams_proportions_within_reason(shape: tuple[int, int] | None, size: tuple[int, int]) -> None:
    assert Image.open(io.BytesIO(jpeg(np.zeros((200, 200, 3), np.uint8), shape))).size == size
