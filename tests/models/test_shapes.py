"""The embedded model's world, its words, and the folder that holds it."""

import ast
import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.presets import preset
from scripts.shapes_world import words
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.colours import COLOURS, distance, sample_rgb
from scripts.shapes_world.draw import Painter, Style, sample_style
from scripts.shapes_world.world import (
    BACKGROUNDS,
    MOTIONS,
    SHAPES,
    WIDTHS,
    Background,
    Pose,
    Scene,
    Thing,
    mirrored,
    order_is_plain,
    touching,
    without_motion,
)

WORLD = Path(words.__file__).parent
FOLDER = Path(preset("shapes").id)
SEEDS = st.integers(0, 2**32)
THING = rf"(?:a|an) (?:{'|'.join(COLOURS)}) (?:{'|'.join(SHAPES)})"
MOVING = rf"{THING} (?:{'|'.join(MOTIONS)})"


def grammar(thing: str) -> re.Pattern[str]:
    """One thing, two with "and", three with a comma and "and"; the first letter is checked apart."""
    return re.compile(rf"{thing}(?: and {thing}|, {thing} and {thing})?\.")


def one(shape: str, *, rgb: tuple[float, float, float] = (255, 0, 0), height: float = 0.3) -> Scene:
    """A still scene on grey with one object in the middle."""
    pose = Pose(x=0.5, y=0.5, height=height)
    thing = Thing(shape=shape, colour="red", motion="stays still", rgb=rgb, start=pose, end=pose)
    grey = Background(kind="plain", rgb=(128, 128, 128), rgb2=(128, 128, 128))
    return Scene(width=320, height=200, duration=2.0, background=grey, things=(thing,))


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_scenes_keep_the_worlds_rules(seed: int) -> None:
    scene = sample_scene(Random(seed))
    assert 0 <= len(scene.things) <= 3
    assert 2 <= scene.duration <= 10
    for thing in scene.things:
        assert (thing.shape in SHAPES, thing.colour in COLOURS, thing.motion in MOTIONS) == (True, True, True)
        assert all(distance(thing.rgb, behind) >= 190 for behind in scene.background.colours())
        a, b = thing.start, thing.end
        for pose in (a, b):
            assert pose.height / 2 <= pose.y <= 1 - pose.height / 2
            width = pose.height * WIDTHS[thing.shape] / scene.aspect
            assert width / 2 <= pose.x <= 1 - width / 2
        if thing.motion.startswith("moves"):
            dx, dy = b.x - a.x, b.y - a.y
            step = {"moves right": dx, "moves left": -dx, "moves down": dy, "moves up": -dy}[thing.motion]
            assert 0.2 <= step <= 0.8
            assert abs(dx) + abs(dy) == pytest.approx(step)
        elif thing.motion == "stays still":
            assert a == b
        else:
            ratio = b.height / a.height if thing.motion == "grows" else a.height / b.height
            assert 1.5 - 1e-9 <= ratio <= 2.5 + 1e-9
            assert 0.08 - 1e-9 <= min(a.height, b.height) <= max(a.height, b.height) <= 0.45 + 1e-9
        if thing.motion not in ("grows", "shrinks"):
            assert 0.12 <= a.height <= 0.35
    assert all(right.start.x - left.start.x >= 0.06 for left, right in pairwise(scene.things))
    assert order_is_plain(scene)
    assert not any(touching(scene, step / 12) for step in range(13))


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_the_same_seed_gives_the_same_scene_and_a_mirror_turned_twice_too(seed: int) -> None:
    scene = sample_scene(Random(seed))
    assert scene == sample_scene(Random(seed))
    twice = mirrored(mirrored(scene))
    assert words.caption(twice.things) == words.caption(scene.things)
    for thing, other in zip(twice.things, scene.things, strict=True):
        assert thing.start.x == pytest.approx(other.start.x)


def test_every_colour_shape_motion_and_background_comes_up() -> None:
    rng = Random(0)
    scenes = [sample_scene(rng) for _ in range(600)]
    things = [thing for scene in scenes for thing in scene.things]
    assert {thing.shape for thing in things} == set(SHAPES)
    assert {thing.colour for thing in things} == set(COLOURS)
    assert {thing.motion for thing in things} == set(MOTIONS)
    assert {scene.background.kind for scene in scenes} == set(BACKGROUNDS)
    assert {len(scene.things) for scene in scenes} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((255, 0, 0), "red"), ((0, 128, 0), "green"), ((0, 0, 255), "blue"), ((255, 255, 0), "yellow"), ((128, 0, 128), "purple")],
)
def test_the_webs_colours_lie_among_the_names_tints(rgb: tuple[float, float, float], name: str) -> None:
    rng = Random(1)
    assert min(distance(rgb, sample_rgb(rng, name)) for _ in range(400)) < 45


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_as_high_and_wide_as_it_says(shape: str) -> None:
    picture = Painter(one(shape)).frame(0.0)
    rows, columns = np.nonzero(np.abs(picture.astype(int) - 128).max(axis=2) > 64)
    assert rows.max() - rows.min() + 1 == pytest.approx(0.3 * 200, abs=2.1)
    assert columns.max() - columns.min() + 1 == pytest.approx(0.3 * 200 * WIDTHS[shape], abs=2.1)
    assert (rows.max() + rows.min()) / 2 == pytest.approx(99.5, abs=1.1)


def test_edges_are_antialiased_and_softness_widens_them() -> None:
    scene = one("circle")
    part = [np.unique(Painter(scene, Style(softness=soft)).frame(0.0)[:, :, 1]).size for soft in (1.0, 4.0)]
    assert part[0] > 8
    between = [
        np.count_nonzero((picture > 2) & (picture < 126))
        for picture in (Painter(scene, Style(softness=soft)).frame(0.0)[:, :, 1] for soft in (1.0, 4.0))
    ]
    assert between[1] > 2.5 * between[0]


def test_shapes_fill_the_share_of_their_box_that_geometry_says() -> None:
    box = (0.3 * 200) ** 2
    area = {"circle": math.pi / 4, "square": 1.0, "triangle": 1 / math.sqrt(3), "cross": 1 - (1 - 0.34) ** 2}
    for shape, share in area.items():
        red = Painter(one(shape, rgb=(255, 128, 128))).frame(0.0)[:, :, 0].astype(float)
        assert ((red - 128) / 127).sum() / box == pytest.approx(share, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(0, 1))
def test_any_scene_is_drawn_in_any_style(seed: int, moment: float) -> None:
    rng = Random(seed)
    height = rng.randint(16, 300)
    scene = sample_scene(rng, size=(max(9, round(height * rng.uniform(9 / 16, 16 / 9))), height))
    picture = Painter(scene, sample_style(rng)).frame(moment)
    assert picture.shape == (scene.height, scene.width, 3)
    assert picture.dtype == np.uint8


def test_a_picture_too_narrow_for_the_objects_is_refused() -> None:
    with pytest.raises(ValueError, match="3 objects do not fit into 16x400"):
        sample_scene(Random(0), count=3, size=(16, 400))


def test_captions_are_word_for_word() -> None:
    def thing(colour: str, shape: str, motion: str) -> Thing:
        return replace(one(shape).things[0], colour=colour, motion=motion)

    red, blue = thing("red", "circle", "moves right"), thing("blue", "square", "stays still")
    white, orange = thing("white", "star", "grows"), thing("orange", "cross", "shrinks")
    assert words.caption([]) == "Nothing is there."
    assert words.caption([red]) == "A red circle moves right."
    assert words.caption([red, blue]) == "A red circle moves right and a blue square stays still."
    assert words.caption([red, blue, white]) == "A red circle moves right, a blue square stays still and a white star grows."
    assert words.caption([orange, red]) == "An orange cross shrinks and a red circle moves right."
    assert words.still_caption([red, orange]) == "A red circle and an orange cross."


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_captions_keep_the_grammar(seed: int) -> None:
    scene = sample_scene(Random(seed))
    for text, thing in ((words.caption(scene.things), MOVING), (words.still_caption(scene.things), THING)):
        assert text[0] == "N" if not scene.things else text[0] == "A"
        assert text == words.NOTHING or grammar(thing).fullmatch(text[0].lower() + text[1:])


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.sampled_from(list(words.QUESTIONS)))
def test_questions_have_one_answer(seed: int, kind: str) -> None:
    rng = Random(seed)
    scene = sample_scene(rng)
    pair = words.ask(rng, scene, kind)
    if pair is None:
        assert kind in ("colour", "shape", "motion")
        return
    question, answer = pair
    assert "{" not in question
    assert answer.endswith(".")
    if kind == "count":
        assert answer == f"{words.NUMBERS[len(scene.things)]}."
    if kind.startswith("is there"):
        assert answer in ("Yes.", "No.")
    if kind == "colour":
        assert sum(thing.shape in question for thing in scene.things) == 1


def test_a_still_picture_has_its_objects_in_the_order_that_they_have_then() -> None:
    rng = Random(5)
    for _ in range(100):
        still = without_motion(sample_scene(rng), 0.7)
        assert [t.start.x for t in still.things] == sorted(t.start.x for t in still.things)
        assert all(thing.start == thing.end for thing in still.things)


def test_the_world_needs_no_more_than_numpy_and_knows_no_pipeline() -> None:
    for path in WORLD.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {name.split(".")[0] for name in names} & {"pipeline", "torch", "cv2", "av", "vllm", "transformers"}


def test_the_folder_is_whole_small_and_in_bfloat16() -> None:
    weights = FOLDER / "model.safetensors"
    assert weights.stat().st_size <= 16e6
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    tensors = {name: what for name, what in header.items() if name != "__metadata__"}
    assert {what["dtype"] for what in tensors.values()} == {"BF16"}
    assert any(name.startswith("vision_tower.vision_model.encoder.layers.0.") for name in tensors)
    assert any(name.startswith("language_model.model.layers.0.") for name in tensors)
    assert {"image_newline", "multi_modal_projector.linear_1.weight"} <= set(tensors)
    for name in (
        "config.json",
        "generation_config.json",
        "processor_config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "MODEL_CARD.md",
    ):
        assert (FOLDER / name).is_file(), name


def test_the_preset_shows_frames_as_the_model_was_taught() -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    ours = preset("shapes")
    assert ours.size.mode == "stretch"
    assert ours.size.side == config["vision_config"]["image_size"]
    assert ours.frame_count == 8
    assert ours.sampler == "uniform:count=8"
    assert ours.prompt in words.PROMPTS


def test_every_word_of_the_world_is_one_token() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    for word in (*COLOURS, *SHAPES, "moves", "left", "right", "up", "down", "grows", "shrinks", "stays", "still", "and"):
        assert len(tokenizer.encode(f" {word}", add_special_tokens=False).ids) == 1, word
    for text in (words.PROMPT, "Où est l'étoile ? 星はどこ\n", words.NOTHING):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) == text
