"""Scenes of the small world, chosen from a seed: about 0.1 ms each.

The rules: objects are inside the picture, apart from each other and plainly one to the left of the other, and never near the
colour of what is behind them.
"""

from random import Random

from scripts.shapes_world.colours import COLOURS, Rgb, distance, from_hsv, mix, sample_rgb
from scripts.shapes_world.world import BACKGROUNDS, MOTIONS, ORDER, SHAPES, WIDTHS, Background, Pose, Scene, Thing

SIZES = ((640, 360), (854, 480), (960, 540), (640, 480), (480, 480), (540, 960), (360, 640))
"""Pictures that `sample_scene` chooses from: 16:9, 4:3, 1:1 and 9:16."""

_NEAR = 190.0  # least distance between an object's colour and any colour of the background, see `distance`
_EDGE = 0.01  # objects keep this far inside the picture
_GAP = 0.015  # and this far from each other
_SHOWN = 0.0625  # the first of the 8 frames that the model sees lies 1/16 into the window


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


def _sample_background(rng: Random) -> Background:
    kind = rng.choice(BACKGROUNDS)
    # Squaring favours greys and pastels, as skies, walls and paper are; full colours stay possible.
    rgb, rgb2 = (from_hsv(rng.uniform(0, 360), rng.random() ** 2, rng.uniform(0.05, 1)) for _ in range(2))
    if kind == "gradient" and rng.random() < 0.5:  # a gentle one: the second colour lies near the first
        rgb2 = mix(rgb, rgb2, 0.4)
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
    if abs(one.start.x - two.start.x) < ORDER:
        return False
    left, right = (one, two) if one.start.x < two.start.x else (two, one)
    if right.at(_SHOWN).x - left.at(_SHOWN).x < ORDER / 2:
        return False
    moments = [_SHOWN] if crossing else [step / 12 for step in range(13)]
    for moment in moments:
        a, b = one.at(moment), two.at(moment)
        reach_x = (a.height * WIDTHS[one.shape] + b.height * WIDTHS[two.shape]) / 2 / aspect + _GAP
        reach_y = (a.height + b.height) / 2 + _GAP
        if abs(a.x - b.x) < reach_x and abs(a.y - b.y) < reach_y:
            return False
    return True
