"""Draws rows of scenes on the GPU, thousands of frames a second, with something like a codec's damage.

The shapes are those of scripts/shapes_world/draw.py, written for tensors (a test holds the two together); background textures only
need to look alike. Frames are drawn at twice the model's side and averaged, as INTER_AREA does on the way down.
"""

import math
from typing import Any

import torch
from torch import Tensor

from scripts.shapes_training.feed import THING, WORLD
from scripts.shapes_training.folder import FRAMES, PATCH, SIDE
from scripts.shapes_world.draw import STAR_CENTRE, STAR_RADIUS, TRIANGLE_SIDE


def draw(numbers: Tensor, times: Tensor, finer: int = 2) -> tuple[Tensor, Tensor]:
    """Frames and what is where.

    Args:
        numbers: n x NUMBERS.
        times: n x f, moments of the frames.
        finer: how many times finer than the model's side it is drawn, each way.

    Returns:
        n x f x 3 x SIDE x SIDE from 0 to 255, and n x f x 3 x GRID x GRID: the share of each patch that each object covers.
    """
    fine = SIDE * finer
    rest = numbers[:, WORLD:]
    aspect, kind, angle = rest[:, 0], rest[:, 1], rest[:, 8] * (math.pi / 180)
    softness, inner, arm, tilt, ease = (rest[:, 11 + k, None, None, None] for k in range(5))
    place = (torch.arange(fine, device=numbers.device, dtype=torch.float32) + 0.5) / fine
    x, y = place[None, None, None, :], place[None, None, :, None]

    frames = _background(rest, aspect, kind, angle, x, y)[:, None]  # n x 1 x 3 x fine x fine
    eased = times + (times * times * (3 - 2 * times) - times) * ease[:, :, 0, 0]
    covers = []
    for k in range(3):
        thing = numbers[:, k * THING : (k + 1) * THING]
        there, shape = thing[:, 0, None, None, None], thing[:, 1, None, None, None]
        pose = [
            (thing[:, 7 + i, None] + (thing[:, 10 + i] - thing[:, 7 + i])[:, None] * eased)[:, :, None, None] for i in range(3)
        ]
        half = pose[2].clamp(min=1e-3) / 2
        across, along = (x - pose[0]) * aspect[:, None, None, None] / half, (y - pose[1]) / half
        u, v = across * tilt.cos() + along * tilt.sin(), along * tilt.cos() - across * tilt.sin()
        outside = distance(shape, u, v, inner, arm)
        # A source picture is about as fine as `fine` here: one pixel of softness is one pixel.
        cover = (0.5 - outside * (half * fine / softness)).clamp(0, 1) * there
        covers.append(cover)
        colour = thing[:, None, 4:7, None, None]
        frames = frames + cover[:, :, None] * (colour - frames)
    small = frames.unflatten(3, (SIDE, finer)).unflatten(5, (SIDE, finer)).mean((4, 6))
    cover = torch.stack(covers, 2)
    step = finer * PATCH
    share = cover.unflatten(3, (fine // step, step)).unflatten(5, (fine // step, step)).mean((4, 6))
    return small, share


def distance(shape: Tensor, u: Tensor, v: Tensor, inner: Tensor, arm: Tensor) -> Tensor:
    """Signed distances to each shape's outline, chosen by its number in SHAPES."""
    circle = (u * u + v * v).sqrt() - 1
    long, short = torch.maximum(u.abs(), v.abs()), torch.minimum(u.abs(), v.abs())
    square = long - 1
    across, along = TRIANGLE_SIDE
    triangle = torch.maximum(u.abs() * across - (v + 1) * along, v - 1)
    down = v - STAR_CENTRE
    fold = 2 * math.pi / 5
    turn = torch.atan2(u, -down) + fold / 2
    angle = (turn - fold * (turn / fold).floor() - fold / 2).abs()
    radius = (u * u + down * down).sqrt()
    edge_x, edge_y = inner * (STAR_RADIUS * math.sin(fold / 2)), inner * (STAR_RADIUS * math.cos(fold / 2)) - STAR_RADIUS
    star = ((radius * angle.cos() - STAR_RADIUS) * edge_x - radius * angle.sin() * edge_y) / (edge_x**2 + edge_y**2).sqrt()
    cross = torch.maximum(long - 1, short - arm)
    chosen = circle
    for number, other in enumerate((square, triangle, star, cross), start=1):
        chosen = torch.where(shape == number, other, chosen)
    return chosen


def _background(rest: Tensor, aspect: Tensor, kind: Tensor, angle: Tensor, x: Tensor, y: Tensor) -> Tensor:
    one, two = rest[:, 2:5, None, None], rest[:, 5:8, None, None]
    cos, sin = angle.cos()[:, None, None, None], angle.sin()[:, None, None, None]
    part = ((2 * x - 1) * cos + (2 * y - 1) * sin) / (cos.abs() + sin.abs()) / 2 + 0.5
    gradient = one + part * (two - one)
    grain = rest[:, 10, None, None, None]
    column, row = (x * aspect[:, None, None, None] / grain).floor(), (y / grain).floor()
    seed = angle[:, None, None, None] * 37.7
    wave = torch.sin(column * 12.9898 + row * 78.233 + seed) * 43758.547
    lift = ((wave - wave.floor()) * 2 - 1) * (rest[:, 9, None, None, None] / 255)
    noise = one + torch.where(lift < 0, lift * one, lift * (255 - one))
    which = kind[:, None, None, None]
    return torch.where(which == 1, gradient, torch.where(which == 2, noise, one.expand_as(gradient)))


def damage(frames: Tensor, generator: Any = None) -> Tensor:
    """Something like what a codec leaves: softened colour and outlines, coarse and fine noise, whole bytes."""
    n, f, c, height, width = frames.shape
    device = frames.device
    roll = torch.rand(n, 6, 1, 1, 1, 1, device=device)
    flat = frames.flatten(0, 1)
    blurred = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(flat, (1, 1, 1, 1), mode="replicate"), 3, 1).view_as(frames)
    soft = frames + (blurred - frames) * ((roll[:, 0] - 0.5).clamp(min=0) * 1.6)
    light, soft_light = soft.mean(2, keepdim=True), blurred.mean(2, keepdim=True)
    colour = (soft - light) + ((blurred - soft_light) - (soft - light)) * roll[:, 1]
    coarse = torch.randn(n * f, c, height // 7, width // 7, device=device)
    coarse = torch.nn.functional.interpolate(coarse, size=(height, width), mode="nearest").view_as(frames)
    amount = (roll[:, 2] - 0.4).clamp(min=0) * 4, (roll[:, 3] - 0.4).clamp(min=0) * 6
    noisy = light + colour + coarse * amount[0] + torch.randn_like(frames) * amount[1]
    return noisy.round().clamp(0, 255)


__all__ = ["FRAMES", "damage", "distance", "draw"]
