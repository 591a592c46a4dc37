"""The small world that the embedded model knows: scenes of one to three drawn objects.

Everything is measured in fractions of the picture (x and heights' places from 0 to 1, y downwards) and in fractions of
the scene's time, so that one scene can be drawn at any size and any frame rate::

    Scene ── Background(plain | gradient | noise)
          └─ things, from left to right at the start: Thing(shape, colour, motion, start -> end)

`chance` chooses scenes from a seed, `draw` draws them, `words` says what is in them.
"""

from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from scripts.shapes_world.colours import Rgb, mix

SHAPES = ("circle", "square", "triangle", "star", "cross")
MOTIONS = ("moves left", "moves right", "moves up", "moves down", "grows", "shrinks", "stays still")
BACKGROUNDS = ("plain", "gradient", "noise")

WIDTHS = {"circle": 1.0, "square": 1.0, "triangle": 1.1547, "star": 1.0515, "cross": 1.0}
"""Width of a shape's bounding box for a height of 1, where pixels are square."""
ORDER = 0.06
"""least distance in x between two objects at the start: who is left must be plain to see"""


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
            return [mix(self.rgb, self.rgb2, part / 4) for part in range(5)]
        if self.kind == "noise":
            darker = mix(self.rgb, (0, 0, 0), self.amplitude / 255)
            lighter = mix(self.rgb, (255, 255, 255), self.amplitude / 255)
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


def without_motion(scene: Scene, moment: float) -> Scene:
    """The scene as one still picture taken at `moment`, its objects in the order that they then have."""
    stills = []
    for thing in scene.things:
        pose = thing.at(moment)
        stills.append(replace(thing, motion="stays still", start=pose, end=pose))
    return replace(scene, things=tuple(sorted(stills, key=lambda thing: thing.start.x)))


def order_is_plain(scene: Scene) -> bool:
    """Whether no two objects of a still picture stand above one another, so that left to right says which is first."""
    return all(b.start.x - a.start.x >= ORDER / 2 for a, b in pairwise(scene.things))


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
