"""Draws a scene of the world as RGB pictures, antialiased: NumPy alone, one bounding box at a time.

Every shape is a signed distance: below zero inside, zero on the outline, in units of half the object's height::

        y=-1  ┌──────┐     An edge pixel gets the share of it that lies inside, `0.5 - distance in pixels`: that is the
              │  /\\  │     antialiasing. A `Style` softens it and bends the proportions, so that a model learns what a
              │ /  \\ │     star is and not how this file draws one.
        y=+1  └──────┘
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from scripts.shapes_world.world import WIDTHS, Background, Scene

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

STAR_RADIUS = 2 / (1 + math.cos(math.pi / 5))  # a five-pointed star of this radius is 2 high
STAR_CENTRE = STAR_RADIUS - 1  # its centre lies this far below the middle of its box
TRIANGLE_SIDE = (math.cos(math.pi / 6), 0.5)  # unit normal of an equilateral triangle's sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the world is drawn; none of it changes what is true of a scene.

    Attributes:
        softness: width in pixels of an outline's blending, 1 for plain antialiasing.
        star_inner: inner radius of a star over its outer radius.
        cross_arm: width of a cross's arms over its height.
        tilt: radians that objects are turned by.
        ease: 0 for steady motion, 1 for motion that starts and ends slowly.
    """

    softness: float = 1.0
    star_inner: float = 0.45
    cross_arm: float = 0.34
    tilt: float = 0.0
    ease: float = 0.0

    def eased(self, moment: float) -> float:
        """Where a motion stands at `moment`, both from 0 to 1."""
        smooth = moment * moment * (3 - 2 * moment)
        return moment + (smooth - moment) * self.ease


def sample_style(rng: Random) -> Style:
    """A way of drawing, for training."""
    return Style(
        softness=rng.choice((1.0, 1.0, rng.uniform(0.6, 4.0))),
        star_inner=rng.uniform(0.34, 0.54),
        cross_arm=rng.uniform(0.24, 0.42),
        tilt=rng.choice((0.0, 0.0, rng.uniform(-0.12, 0.12))),
        ease=rng.choice((0.0, 0.0, rng.random())),
    )


class Painter:
    """Draws the frames of one scene. The background is drawn once."""

    def __init__(self, scene: Scene, style: Style | None = None) -> None:
        self.scene = scene
        self.style = style or Style()
        self._background = _background(scene.background, scene.width, scene.height)

    def frame(self, moment: float) -> Picture:
        """The picture at `moment` (0 to 1 of the scene's time): height x width x RGB, uint8."""
        scene, style = self.scene, self.style
        picture = self._background.copy()
        for thing in scene.things:
            pose = thing.at(style.eased(moment))
            half = pose.height * scene.height / 2
            x, y = pose.x * scene.width, pose.y * scene.height
            reach_x = half * WIDTHS[thing.shape] * 1.15 + style.softness + 1
            reach_y = half * 1.15 + style.softness + 1
            left, right = max(0, int(x - reach_x)), min(scene.width, math.ceil(x + reach_x))
            top, bottom = max(0, int(y - reach_y)), min(scene.height, math.ceil(y + reach_y))
            if left >= right or top >= bottom:
                continue
            u = ((np.arange(left, right, dtype=np.float32) + 0.5 - x) / half)[None, :]
            v = ((np.arange(top, bottom, dtype=np.float32) + 0.5 - y) / half)[:, None]
            cos, sin = math.cos(style.tilt), math.sin(style.tilt)
            outside = _DISTANCE[thing.shape](u * cos + v * sin, v * cos - u * sin, style)
            cover = np.clip(0.5 - outside * (half / style.softness), 0, 1)[:, :, None]
            box = picture[top:bottom, left:right]
            box += cover * (np.array(thing.rgb, dtype=np.float32) - box)
        return (picture + 0.5).astype(np.uint8)


def _circle(u: Floats, v: Floats, style: Style) -> Floats:
    return np.sqrt(u * u + v * v) - 1


def _square(u: Floats, v: Floats, style: Style) -> Floats:
    distance: Floats = np.maximum(np.abs(u), np.abs(v)) - 1
    return distance


def _triangle(u: Floats, v: Floats, style: Style) -> Floats:
    across, along = TRIANGLE_SIDE
    return np.maximum(np.abs(u) * across - (v + 1) * along, v - 1)


def _star(u: Floats, v: Floats, style: Style) -> Floats:
    # Folded at its five axes a star is one straight edge, from a point at the top to the notch beside it.
    v = v - STAR_CENTRE + 0 * u
    radius = np.sqrt(u * u + v * v)
    fold = 2 * math.pi / 5
    angle = np.abs((np.arctan2(u, -v) + fold / 2) % fold - fold / 2)
    inner = style.star_inner * STAR_RADIUS
    edge_x, edge_y = inner * math.sin(fold / 2), inner * math.cos(fold / 2) - STAR_RADIUS
    length = math.hypot(edge_x, edge_y)
    x, y = radius * np.sin(angle), radius * np.cos(angle) - STAR_RADIUS
    distance: Floats = (y * edge_x - x * edge_y) / length
    return distance


def _cross(u: Floats, v: Floats, style: Style) -> Floats:
    long, short = np.maximum(np.abs(u), np.abs(v)), np.minimum(np.abs(u), np.abs(v))
    distance: Floats = np.maximum(long - 1, short - style.cross_arm)
    return distance


_DISTANCE: dict[str, Callable[[Floats, Floats, Style], Floats]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
}


def _background(background: Background, width: int, height: int) -> Floats:
    rgb = np.array(background.rgb, dtype=np.float32)
    picture = np.empty((height, width, 3), dtype=np.float32)
    picture[:] = rgb
    if background.kind == "gradient":
        cos, sin = math.cos(math.radians(background.angle)), math.sin(math.radians(background.angle))
        along = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * cos
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * sin
        part = (along + down) / (abs(cos) + abs(sin)) / 2 + 0.5
        picture += part[:, :, None] * (np.array(background.rgb2, dtype=np.float32) - rgb)
    elif background.kind == "noise":
        grain = max(1, round(background.grain * height))
        rows, columns = height // grain + 1, width // grain + 1
        random = np.random.default_rng(background.seed)
        lift = random.uniform(-1, 1, (rows, columns)).astype(np.float32) * np.float32(background.amplitude / 255)
        lift = lift.repeat(grain, axis=0).repeat(grain, axis=1)[:height, :width, None]
        # Darker towards black and lighter towards white, so that no grain leaves the range of a byte.
        picture += np.where(lift < 0, lift * picture, lift * (255 - picture))
    return picture
