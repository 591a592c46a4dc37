"""What the embedded model was trained with: the two renderers that must agree, and the marks."""

from random import Random

import numpy as np
import pytest

from scripts.shapes_training.marks import mark, things
from scripts.shapes_world import words
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter, Style


def test_the_gpus_drawing_is_the_worlds() -> None:
    torch = pytest.importorskip("torch")
    import cv2

    from scripts.shapes_training import feed, gpu_draw
    from scripts.shapes_training.folder import GRID, SIDE

    rng = Random(3)
    for count in (1, 2, 3):
        scene = sample_scene(rng, count=count, size=(640, 360))
        row = torch.tensor([feed.numbers(scene, Style(), [0.0, 1.0] * 4)])
        frames, share = gpu_draw.draw(row, torch.tensor([[0.0, 1.0]]))
        assert frames.shape == (1, 2, 3, SIDE, SIDE)
        assert share.shape == (1, 2, 3, GRID, GRID)
        for number, moment in enumerate((0.0, 1.0)):
            wanted = cv2.resize(Painter(scene).frame(moment), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(float)
            got = frames[0, number].permute(1, 2, 0).numpy()
            grains = scene.background.amplitude if scene.background.kind == "noise" else 0
            assert np.abs(wanted - got).mean() < 2 + grains / 2
            assert (np.abs(wanted - got).max(axis=2) > 60 + grains).mean() < 0.002


def test_rows_of_text_keep_their_spaces() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from scripts.shapes_training import feed

    rows = feed.rows(Random(1), 40, still=False, easy=0.0)
    assert rows.tokens.shape == rows.targets.shape == (40, 1, feed.TEXT)
    said = rows.targets >= 0
    assert (rows.tokens[said] == rows.targets[said]).all()
    at = 0
    for space in feed.SPACES:
        assert (rows.tokens[:, 0, at + space - 1] == feed.PAD).mean() > 0.9, "spaces are large enough for nearly all"
        at += space


def test_marks() -> None:
    truth = "A red circle moves right and a blue square stays still."
    assert things(truth) == [("red", "circle", "moves right"), ("blue", "square", "stays still")]
    assert set(mark([(truth, truth), (words.NOTHING, words.NOTHING)]).values()) == {1.0}
    wrong = mark([(truth, "A red circle moves left.")])
    assert wrong == {"colour": 0.5, "shape": 0.5, "motion": 0.0, "count": 0.0, "caption": 0.0}
