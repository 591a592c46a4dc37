"""What a card gives has its colours in one plane; pictures made of it are those of the processor's frames, bit for bit."""

from typing import Any

import av
import numpy as np
import pytest

from pipeline.video.cuts.rule import SMALL
from pipeline.video.decode import pictures

ON_CARD = {"yuv420p": "nv12", "yuv420p10le": "p010le"}


@pytest.fixture(params=[(1920, 1080), (1366, 768), (854, 482)], ids=str)
def drawn(request: pytest.FixtureRequest) -> np.ndarray[Any, Any]:
    width, height = request.param
    coarse = np.random.default_rng(0).integers(0, 256, (height // 2 + 1, width // 2 + 1, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(2, 0).repeat(2, 1)[:height, :width])


@pytest.mark.parametrize("form", ON_CARD)
@pytest.mark.parametrize("size", [(384, 384), (2000, 1200), None, (57, 31)], ids=str)
@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_are_those_of_the_processor(
    drawn: np.ndarray[Any, Any], form: str, size: tuple[int, int] | None, threads: int
) -> None:
    mine = av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(format=form)
    cards = mine.reformat(format=ON_CARD[form])
    size = size or (mine.width, mine.height)
    assert np.array_equal(pictures.picture(mine, size, threads), pictures.picture(cards, size, threads))
    assert np.array_equal(pictures.picture(mine, size), pictures.picture(mine, size, threads)), "however many threads scale it"
    assert np.array_equal(pictures.tiny(mine, SMALL), pictures.tiny(cards, SMALL))
    back = pictures.planar(cards)
    assert back.format.name == form
    assert np.array_equal(back.to_ndarray(), mine.to_ndarray())
    assert pictures.planar(mine) is mine


def test_a_frame_without_colour_differs() -> None:
    """The comparison above can fail: other colours make another picture."""
    grey, red = (np.full((480, 640, 3), colour, np.uint8) for colour in ((90, 90, 90), (200, 20, 20)))
    one, other = (
        pictures.tiny(av.VideoFrame.from_ndarray(p, format="rgb24").reformat(format="nv12"), SMALL) for p in (grey, red)
    )
    assert not np.array_equal(one, other)
