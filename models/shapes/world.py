"""The small world that the embedded model knows: scenes of one to three drawn objects, chosen from a seed.

Everything is measured in fractions of the picture (x and heights' places from 0 to 1, y downwards) and in fractions of
the scene's time, so that one scene can be drawn at any size and any frame rate::

    Scene ── Background(plain | gradient | noise)
          └─ things, from left to right at the start: Thing(shape, colour, motion, start -> end)

The standard library alone is used here: choosing a scene takes about 0.1 ms.
"""

import colorsys
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from random import Random

Rgb = tuple[float, float, float]
"""Red, green and blue from 0 to 255."""

SHAPES = ("circle", "square", "triangle", "star", "cross")
COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "black", "white")
MOTIONS = ("moves left", "moves right", "moves up", "moves down", "grows", "shrinks", "stays still")
BACKGROUNDS = ("plain", "gradient", "noise")

SIZES = ((640, 360), (854, 480), (960, 540), (640, 480), (480, 480), (540, 960), (360, 640))
"""Pictures that `sample_scene` chooses from: 16:9, 4:3, 1:1 and 9:16."""

WIDTHS = {"circle": 1.0, "square": 1.0, "triangle": 1.1547, "star": 1.0515, "cross": 1.0}
"""Width of a shape's bounding box for a height of 1, where pixels are square."""

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
_NEAR = 190.0  # least distance between an object's colour and any colour of the background, see `distance`
_EDGE = 0.01  # objects keep this far inside the picture
_GAP = 0.015  # and this far from each other
_ORDER = 0.06  # least distance in x between two objects at the start: who is left must be plain to see
_SHOWN = 0.0625  # the first of the 8 frames that the model sees lies 1/16 into the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where an object is at one moment: its centre and its height, in fractions of the picture."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object, and what it does between the scene's start and its end."""

    shape: str
    colour: str
    motion: str
    rgb: Rgb
    start: Pose
    end: Pose

    def at(self, moment: float) -> Pose:
        """The pose at `moment`, 0 at the scene's start and 1 at its end."""
        a, b = self.start, self.end
        return Pose(
            x=a.x + (b.x - a.x) * moment,
            y=a.y + (b.y - a.y) * moment,
            height=a.height + (b.height - a.height) * moment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is behind the objects.

    A gradient runs from `rgb` to `rgb2` along `angle` (degrees); noise is a texture of grains of `grain` (a fraction of
    the picture's height) that leave `rgb` by at most `amplitude`, drawn from `seed`.
    """

    kind: str
    rgb: Rgb
    rgb2: Rgb
    angle: float = 0.0
    amplitude: float = 0.0
    grain: float = 0.01
    seed: int = 0

    def colours(self) -> list[Rgb]:
        """The colours that stand for all that can be seen of it."""
        if self.kind == "gradient":
            return [_mix(self.rgb, self.rgb2, part / 4) for part in range(5)]
        if self.kind == "noise":
            darker = _mix(self.rgb, (0, 0, 0), self.amplitude / 255)
            lighter = _mix(self.rgb, (255, 255, 255), self.amplitude / 255)
            return [self.rgb, darker, lighter]
        return [self.rgb]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene: a picture size in pixels, a duration in seconds, a background, objects from left to right."""

    width: int
    height: int
    duration: float
    background: Background
    things: tuple[Thing, ...]

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


def sample_scene(
    rng: Random,
    *,
    count: int | None = None,
    size: tuple[int, int] | None = None,
    duration: float | None = None,
    crossing: bool = False,
) -> Scene:
    """Choose a scene that keeps the world's rules.

    Args:
        rng: where every choice comes from; the same state gives the same scene.
        count: number of objects, 0 to 3; without it 1 to 3 are equally likely and 3 % of the scenes are empty.
        size: width and height in pixels.
        duration: seconds; without it 2 to 10.
        crossing: allow objects to pass before one another once they have started apart (harder than the world).

    Raises ValueError where so many objects do not fit: the world's pictures are 9:16 to 16:9.
    """
    wanted = count if count is not None else rng.choices((0, 1, 2, 3), (3, 33, 32, 32))[0]
    width, height = size or rng.choice(SIZES)
    seconds = duration if duration is not None else round(rng.uniform(2.0, 10.0), 2)
    for _ in range(1000):
        background = _sample_background(rng)
        palette = _visible_colours(rng, background)
        things: list[Thing] | None = None
        if len(palette) >= min(3, wanted):
            things = _sample_things(rng, wanted, width / height, palette, crossing)
        if things is not None:
            return Scene(width=width, height=height, duration=seconds, background=background, things=tuple(things))
    raise ValueError(f"{wanted} objects do not fit into {width}x{height}")


def without_motion(scene: Scene, moment: float) -> Scene:
    """The scene as one still picture taken at `moment`, its objects in the order that they then have."""
    stills = []
    for thing in scene.things:
        pose = thing.at(moment)
        stills.append(replace(thing, motion="stays still", start=pose, end=pose))
    return replace(scene, things=tuple(sorted(stills, key=lambda thing: thing.start.x)))


def distance(a: Rgb, b: Rgb) -> float:
    """How different two colours look, 0 to 765: the "redmean" weighting of the RGB difference."""
    red = (a[0] + b[0]) / 2
    dr, dg, db = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    weighted = (2 + red / 256) * dr * dr + 4 * dg * dg + (2 + (255 - red) / 256) * db * db
    return float(weighted**0.5)


def sample_rgb(rng: Random, colour: str) -> Rgb:
    """One of the tints that go by the name `colour`."""
    hue, saturation, value = (rng.uniform(*span) for span in _HSV[colour])
    return _hsv(hue, saturation, value)


def _hsv(hue: float, saturation: float, value: float) -> Rgb:
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
    return (red * 255, green * 255, blue * 255)


def _mix(a: Rgb, b: Rgb, part: float) -> Rgb:
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part)


def _sample_background(rng: Random) -> Background:
    kind = rng.choice(BACKGROUNDS)
    # Squaring favours greys and pastels, as skies, walls and paper are; full colours stay possible.
    rgb, rgb2 = (_hsv(rng.uniform(0, 360), rng.random() ** 2, rng.uniform(0.05, 1)) for _ in range(2))
    if kind == "gradient" and rng.random() < 0.5:  # a gentle one: the second colour lies near the first
        rgb2 = _mix(rgb, rgb2, 0.4)
    return Background(
        kind=kind,
        rgb=rgb,
        rgb2=rgb2,
        angle=rng.uniform(0, 360),
        amplitude=rng.uniform(8, 45),
        grain=rng.uniform(0.004, 0.04),
        seed=rng.getrandbits(31),
    )


def _visible_colours(rng: Random, background: Background) -> list[tuple[str, Rgb]]:
    behind = background.colours()
    tints = [(colour, sample_rgb(rng, colour)) for colour in COLOURS]
    return [(colour, rgb) for colour, rgb in tints if all(distance(rgb, other) >= _NEAR for other in behind)]


def _sample_things(rng: Random, count: int, aspect: float, palette: list[tuple[str, Rgb]], crossing: bool) -> list[Thing] | None:
    """Objects that fit together, from left to right, or None after too many tries."""
    for _ in range(12):
        things: list[Thing] = []
        for _ in range(count):
            for _ in range(12):
                thing = _sample_thing(rng, aspect, *rng.choice(palette))
                if thing is not None and all(_apart(thing, other, aspect, crossing) for other in things):
                    things.append(thing)
                    break
            else:
                break
        if len(things) == count:
            return sorted(things, key=lambda thing: thing.start.x)
    return None


def _sample_thing(rng: Random, aspect: float, colour: str, rgb: Rgb) -> Thing | None:
    shape, motion = rng.choice(SHAPES), rng.choice(MOTIONS)
    first = last = rng.uniform(0.12, 0.35)
    if motion in ("grows", "shrinks"):
        # Sizes whose ratio is 1.5 to 2.5, both of them between 0.08 and 0.45.
        factor = rng.uniform(1.5, 2.5)
        small = rng.uniform(0.08, 0.45 / factor)
        first, last = (small, small * factor) if motion == "grows" else (small * factor, small)
    half_y = max(first, last) / 2 + _EDGE
    half_x = max(first, last) * WIDTHS[shape] / aspect / 2 + _EDGE
    dx = dy = 0.0
    step = rng.uniform(0.2, 0.8)
    if motion in ("moves left", "moves right"):
        dx = step if motion == "moves right" else -step
    elif motion in ("moves up", "moves down"):
        dy = step if motion == "moves down" else -step
    low_x, high_x = half_x - min(dx, 0), 1 - half_x - max(dx, 0)
    low_y, high_y = half_y - min(dy, 0), 1 - half_y - max(dy, 0)
    if low_x > high_x or low_y > high_y:
        return None
    x, y = rng.uniform(low_x, high_x), rng.uniform(low_y, high_y)
    start = Pose(x=x, y=y, height=first)
    return Thing(shape=shape, colour=colour, motion=motion, rgb=rgb, start=start, end=Pose(x=x + dx, y=y + dy, height=last))


def _apart(one: Thing, two: Thing, aspect: float, crossing: bool) -> bool:
    """Whether two objects keep clear of each other, and are plainly one to the left of the other at first."""
    if abs(one.start.x - two.start.x) < _ORDER:
        return False
    left, right = (one, two) if one.start.x < two.start.x else (two, one)
    if right.at(_SHOWN).x - left.at(_SHOWN).x < _ORDER / 2:
        return False
    moments = [_SHOWN] if crossing else [step / 12 for step in range(13)]
    for moment in moments:
        a, b = one.at(moment), two.at(moment)
        reach_x = (a.height * WIDTHS[one.shape] + b.height * WIDTHS[two.shape]) / 2 / aspect + _GAP
        reach_y = (a.height + b.height) / 2 + _GAP
        if abs(a.x - b.x) < reach_x and abs(a.y - b.y) < reach_y:
            return False
    return True


def order_is_plain(scene: Scene) -> bool:
    """Whether no two objects of a still picture stand above one another, so that left to right says which is first."""
    return all(b.start.x - a.start.x >= _ORDER / 2 for a, b in pairwise(scene.things))


def touching(scene: Scene, moment: float) -> bool:
    """Whether any two objects' boxes meet at `moment`."""
    poses = [(thing.at(moment), WIDTHS[thing.shape]) for thing in scene.things]
    return any(
        abs(a.x - b.x) < (a.height * wa + b.height * wb) / 2 / scene.aspect and abs(a.y - b.y) < (a.height + b.height) / 2
        for (a, wa), (b, wb) in combinations(poses, 2)
    )


def mirrored(scene: Scene) -> Scene:
    """The scene as a mirror shows it: left is right."""
    turned = {"moves left": "moves right", "moves right": "moves left"}
    things = [
        replace(
            thing,
            motion=turned.get(thing.motion, thing.motion),
            start=replace(thing.start, x=1 - thing.start.x),
            end=replace(thing.end, x=1 - thing.end.x),
        )
        for thing in reversed(scene.things)
    ]
    background = scene.background
    return replace(scene, things=tuple(things), background=replace(background, angle=180 - background.angle))
