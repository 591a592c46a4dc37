"""Another way to draw the world, with none of scripts/shapes_world/draw.py in it: OpenCV's polygons, soft edges and mild blur.

Nothing that is drawn here is ever trained on: it asks what the model knows beyond one renderer's habits.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.shapes_world.world import Background, Scene, Thing

_SHIFT = 4  # OpenCV's coordinates here are sixteenths of a pixel


def frame(
    scene: Scene, moment: float, *, star_inner: float = 0.40, cross_arm: float = 0.29, blur: float = 0.9
) -> NDArray[np.uint8]:
    """The picture at `moment`, height x width x RGB."""
    picture = background(scene.background, scene.width, scene.height)
    for thing in scene.things:
        layer = picture.copy()
        points = _outline(thing, scene, moment, star_inner, cross_arm)
        fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(layer, [fixed], thing.rgb, lineType=cv2.LINE_AA, shift=_SHIFT)
        picture = layer
    return cv2.GaussianBlur(picture, (0, 0), blur)  # type: ignore[return-value]


def _outline(thing: Thing, scene: Scene, moment: float, star_inner: float, cross_arm: float) -> NDArray[np.float64]:
    pose = thing.at(moment)
    half = pose.height * scene.height / 2
    if thing.shape == "circle":
        angles = np.linspace(0, 2 * math.pi, 72, endpoint=False)
        shape = np.stack((np.cos(angles), np.sin(angles)), 1)
    elif thing.shape == "square":
        shape = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    elif thing.shape == "triangle":
        shape = np.array([(0, -1), (1.1, 1), (-1.1, 1)], dtype=np.float64)
    elif thing.shape == "star":
        turns = [-math.pi / 2 + k * math.pi / 5 for k in range(10)]
        shape = np.array(
            [
                (math.cos(t) * (star_inner if k % 2 else 1), math.sin(t) * (star_inner if k % 2 else 1))
                for k, t in enumerate(turns)
            ]
        )
        low, high = shape[:, 1].min(), shape[:, 1].max()
        shape[:, 1] -= (low + high) / 2
        shape *= 2 / (high - low)
    else:
        a = cross_arm
        corner = [(-a, -1), (a, -1), (a, -a), (1, -a), (1, a), (a, a), (a, 1), (-a, 1), (-a, a), (-1, a), (-1, -a), (-a, -a)]
        shape = np.array(corner, dtype=np.float64)
    return shape * half + (pose.x * scene.width - 0.5, pose.y * scene.height - 0.5)


def background(what: Background, width: int, height: int) -> NDArray[np.uint8]:
    """The background alone; its noise is smooth where the other renderer's has grains."""
    picture = np.full((height, width, 3), what.rgb, np.float32)
    if what.kind == "gradient":
        angle = math.radians(what.angle)
        x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
        along = (x - 0.5) * math.cos(angle) + (y - 0.5) * math.sin(angle)
        part = ((along - along.min()) / (along.max() - along.min()))[:, :, None]
        picture = np.array(what.rgb, np.float32) * (1 - part) + np.array(what.rgb2, np.float32) * part
    elif what.kind == "noise":
        rough = np.random.default_rng(what.seed).uniform(
            -1, 1, (max(2, round(1 / what.grain)), max(2, round(width / height / what.grain)))
        )
        lift = cv2.resize(rough.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)[:, :, None] * (
            what.amplitude / 255
        )
        picture = picture + np.where(lift < 0, lift * picture, lift * (255 - picture))
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
