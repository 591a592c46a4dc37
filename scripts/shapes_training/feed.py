"""What the model is fed with, made on the CPU: scenes as plain numbers, texts as tokens, and clips through real H.264.

A scene's row of numbers is drawn on the GPU (`gpu_draw`). A text row has a caption and three questions side by side, each in
a space of its own, so that one look at the pictures teaches four answers::

    caption (44 tokens) | question (30) | question (30) | question (30)
"""

import functools
import io
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.shapes_training.folder import END, FRAMES, PAD, SIDE, START, tokenizer
from scripts.shapes_world import words
from scripts.shapes_world.chance import SIZES, sample_scene
from scripts.shapes_world.colours import COLOURS
from scripts.shapes_world.draw import Painter, Style, sample_style
from scripts.shapes_world.world import BACKGROUNDS, MOTIONS, SHAPES, Scene, mirrored, without_motion

SPACES = (44, 30, 30, 30)
TEXT = sum(SPACES)
THING = 13  # numbers of one object: there, shape, colour, motion, r, g, b, x, y, height at the start, and at the end
WORLD = 3 * THING
NUMBERS = WORLD + 16 + FRAMES
"""Numbers of a scene: three objects, 16 of background and style, the moments of the frames."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch: one line for each scene."""

    numbers: NDArray[np.float32]  # n x NUMBERS
    tokens: NDArray[np.int16]  # n x variants x TEXT
    targets: NDArray[np.int16]  # the same, -100 where nothing is to be said


@dataclass(frozen=True, slots=True)
class Clips:
    """Scenes that went through H.264; of each row the first half of the variants is for the clip, the rest for its mirror."""

    frames: NDArray[np.uint8]  # n x FRAMES x SIDE x SIDE x 3
    rows: Rows
    mirrored_numbers: NDArray[np.float32]


def moments(rng: Random, duration: float) -> list[float]:
    """When the window's frames are taken: the middles of its eighths, with windows and frames a little off."""
    fps = rng.choice((12, 24, 25, 30, 30, 60))
    first = rng.uniform(-2, 2) / fps / duration * rng.choice((0, 1))
    last = 1 + rng.uniform(-2, 2) / fps / duration * rng.choice((0, 1))
    late = [rng.random() / fps / duration for _ in range(FRAMES)]
    return [min(1.0, max(0.0, first + (i + 0.5) / FRAMES * (last - first) + late[i])) for i in range(FRAMES)]


def numbers(scene: Scene, style: Style, times: list[float]) -> list[float]:
    """A scene as a row of `NUMBERS` numbers."""
    row: list[float] = []
    for thing in scene.things:
        what = (1.0, SHAPES.index(thing.shape), COLOURS.index(thing.colour), MOTIONS.index(thing.motion))
        a, b = thing.start, thing.end
        row += [*what, *thing.rgb, a.x, a.y, a.height, b.x, b.y, b.height]
    row += [0.0] * (WORLD - len(row))
    back = scene.background
    row += [scene.aspect, BACKGROUNDS.index(back.kind), *back.rgb, *back.rgb2, back.angle, back.amplitude, back.grain]
    row += [style.softness, style.star_inner, style.cross_arm, style.tilt, style.ease]
    return [*row, *times]


@functools.cache
def _tokenizer() -> Any:
    return tokenizer()


@functools.lru_cache(maxsize=20_000)
def encode(text: str) -> tuple[int, ...]:
    """Tokens of a text."""
    return tuple(_tokenizer()(text, add_special_tokens=False)["input_ids"])


def prompt_tokens(prompt: str) -> list[int]:
    """What follows the pictures up to where the answer begins."""
    return [*encode(prompt), END, *encode("\n"), START, *encode("assistant\n")]


def texts(rng: Random, scene: Scene, *, still: bool = False) -> tuple[list[int], list[int]]:
    """One row of tokens and of targets for a scene."""
    caption = words.still_caption(scene.things) if still else words.caption(scene.things)
    usual = words.STILL_PROMPTS[0] if still else words.PROMPT
    prompts = words.STILL_PROMPTS if still else words.PROMPTS
    prompt = usual if rng.random() < 0.5 else rng.choice(prompts)
    if rng.random() < 0.03:  # whatever is asked that is none of the questions: describe
        prompt = " ".join("".join(rng.choices("abcdefghijklmnoprstuvwy", k=rng.randint(2, 5))) for _ in range(rng.randint(1, 3)))
    asked = [(prompt, caption)]
    kinds = words.STILL_KINDS if still else tuple(words.QUESTIONS)
    while len(asked) < len(SPACES):
        pair = words.ask(rng, scene, rng.choice(kinds), plain=rng.random() < 0.4)
        if pair is not None:
            asked.append(pair)
    row: list[int] = []
    target: list[int] = []
    for (question, answer), space in zip(asked, SPACES, strict=True):
        if rng.random() < 0.08:
            question = question.lower()
        if rng.random() < 0.08:
            question = question.rstrip("?.")
        before, after = prompt_tokens(question), [*encode(answer), END]
        if len(before) + len(after) > space:
            before, after = [], []
        fill = space - len(before) - len(after)
        row += [*before, *after, *[PAD] * fill]
        target += [*[-100] * len(before), *after, *[-100] * fill]
    return row, target


def rows(rng: Random, count: int, *, still: bool, easy: float) -> Rows:
    """Fresh scenes to be drawn on the GPU; `easy` is the share of them with one object."""
    lines, tokens, targets = [], [], []
    for _ in range(count):
        only = 1 if rng.random() < easy else None
        scene = sample_scene(rng, count=only, crossing=rng.random() < 0.08)
        times = moments(rng, scene.duration)
        style = sample_style(rng)
        if still:
            scene = without_motion(scene, style.eased(times[0]))
        row, target = texts(rng, scene, still=still)
        lines.append(numbers(scene, style, times))
        tokens.append([row])
        targets.append([target])
    return Rows(np.array(lines, np.float32), np.array(tokens, np.int16), np.array(targets, np.int16))


def through_h264(pictures: list[NDArray[np.uint8]], *, crf: int, preset: str, keep: slice) -> NDArray[np.uint8]:
    """Pictures as a decoder gives them back, some of them, resized as the pipeline does."""
    buffer = io.BytesIO()
    height, width = pictures[0].shape[:2]
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": preset})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    buffer.seek(0)
    shown = []
    with av.open(buffer) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for index, frame in enumerate(container.decode(video=0)):
            if index in range(*keep.indices(len(pictures))):
                shown.append(cv2.resize(frame.to_ndarray(format="rgb24"), (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return np.stack(shown)


def clips(rng: Random, count: int, *, easy: float) -> Clips:
    """Scenes through H.264 at several qualities.

    Two neighbouring frames are drawn for each that is shown, and the second one is kept: it was predicted from the first,
    as nearly all frames of a film are.
    """
    frames, lines, mirrors, tokens, targets = [], [], [], [], []
    for _ in range(count):
        only = 1 if rng.random() < easy else None
        size = rng.choice((*SIZES[:2], SIZES[0], SIZES[0], *SIZES[3:], (360, 360), (480, 360)))
        scene = sample_scene(rng, count=only, size=size, crossing=rng.random() < 0.08)
        style = sample_style(rng) if rng.random() < 0.6 else Style()
        times = moments(rng, scene.duration)
        painter = Painter(scene, style)
        step = 1 / 25 / scene.duration
        pictures = [painter.frame(max(0.0, time - back)) for time in times for back in (step, 0.0)]
        if rng.random() < 0.25:
            sigma = rng.uniform(0.5, 1.6)
            pictures = [np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8) for picture in pictures]
        crf = rng.choice((18, 20, 23, 23, 23, 26, 28, 30, 32))
        preset = rng.choice(("superfast", "veryfast", "veryfast", "medium"))
        frames.append(through_h264(pictures, crf=crf, preset=preset, keep=slice(1, None, 2)))
        other, style2 = mirrored(scene), replace(style, tilt=-style.tilt)
        lines.append(numbers(scene, style, times))
        mirrors.append(numbers(other, style2, times))
        pairs = [texts(rng, which) for which in (scene, scene, other, other)]
        tokens.append([row for row, _ in pairs])
        targets.append([target for _, target in pairs])
    made = Rows(np.array(lines, np.float32), np.array(tokens, np.int16), np.array(targets, np.int16))
    return Clips(np.stack(frames), made, np.array(mirrors, np.float32))
