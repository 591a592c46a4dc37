"""The eight colours of the small world: which tints go by each name, and how different two of them look."""

import colorsys
from random import Random

Rgb = tuple[float, float, float]
"""Red, green and blue from 0 to 255."""

COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "black", "white")

# What each colour's name covers: hue in degrees, saturation, value.
_HSV: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((-8, 8), (0.80, 1.0), (0.70, 1.0)),
    "orange": ((22, 39), (0.85, 1.0), (0.90, 1.0)),
    "yellow": ((51, 62), (0.75, 1.0), (0.85, 1.0)),
    "green": ((100, 145), (0.60, 1.0), (0.45, 1.0)),
    "blue": ((212, 245), (0.70, 1.0), (0.60, 1.0)),
    "purple": ((270, 300), (0.60, 1.0), (0.45, 0.90)),
    "black": ((0, 360), (0.0, 0.3), (0.0, 0.09)),
    "white": ((0, 360), (0.0, 0.03), (0.94, 1.0)),
}


def distance(a: Rgb, b: Rgb) -> float:
    """How different two colours look, 0 to 765: the "redmean" weighting of the RGB difference."""
    red = (a[0] + b[0]) / 2
    dr, dg, db = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    weighted = (2 + red / 256) * dr * dr + 4 * dg * dg + (2 + (255 - red) / 256) * db * db
    return float(weighted**0.5)


def sample_rgb(rng: Random, colour: str) -> Rgb:
    """One of the tints that go by the name `colour`."""
    hue, saturation, value = (rng.uniform(*span) for span in _HSV[colour])
    return from_hsv(hue, saturation, value)


def from_hsv(hue: float, saturation: float, value: float) -> Rgb:
    """Hue in degrees, saturation and value from 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
    return (red * 255, green * 255, blue * 255)


def mix(a: Rgb, b: Rgb, part: float) -> Rgb:
    """`a` with `part` of `b`, from 0 to 1."""
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part)
